import { AMBIGUOUS, CONTENT_LENGTH, EXPECT, HOST, isHopByHop } from '../../../http/field-names.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';
import { NameTable } from './name-table.ts';
import type { UpstreamRun } from './upstream-run.ts';

type SetField = { readonly name: string; readonly value: Evaluate };

/** Makes the heads of requests as they go to a server. */
export class RequestHead {
  readonly #passesFields: boolean;
  readonly #version: string;
  readonly #method: Evaluate | undefined;
  /** Of `proxy_set_header`, in its order; an empty value removes the field. */
  readonly #set: readonly SetField[];
  /** Fields of clients that do not go up, as others stand in for them. */
  readonly #replaced: NameTable<true> | undefined;
  /** What nobody has set: Host, and how the body is framed. */
  readonly #host: Evaluate | undefined;
  readonly #setsHost: boolean;
  readonly #setsLength: boolean;
  readonly #setsCoding: boolean;
  readonly #isOld: boolean;

  constructor(conf: LocationConf, site: Site) {
    const { proxyMethod, proxySetHeaders } = conf;
    this.#isOld = conf.proxyHttpVersion === '1.0';
    this.#version = this.#isOld ? '1.0' : '1.1';
    this.#passesFields = conf.proxyPassRequestHeaders;
    this.#method = proxyMethod === undefined ? undefined : site.template(proxyMethod);
    const isHost = (name: string): boolean => name.toLowerCase() === 'host';
    const names = new Set(proxySetHeaders.map(({ name }) => name.toLowerCase()));
    const host = proxySetHeaders.find(({ name }) => isHost(name));
    this.#host = host && site.template(host.value);
    this.#set = proxySetHeaders
      .filter(({ name }) => !isHost(name))
      .map(({ name, value }) => ({ name, value: site.template(value) }));
    this.#replaced =
      names.size === 0
        ? undefined
        : new NameTable([...names].map((name) => [name, true as const] as const));
    this.#setsHost = names.has('host');
    this.#setsLength = names.has('content-length');
    this.#setsCoding = names.has('transfer-encoding');
  }

  /** Is it HEAD that the server is asked? */
  method(request: Request): string {
    return this.#method === undefined ? request.method : this.#method(request);
  }

  /** `length`: of the body; -1 for one without known length, -2 for none. */
  text(request: Request, run: UpstreamRun, method: string, length: number): string {
    const { host } = run.destination;
    let text = `${method} ${run.uri} HTTP/${this.#version}\r\n`;
    // Whoever sets it, it comes first, as in nginx 1.31.
    const named = this.#setsHost ? (this.#host as Evaluate)(request) : host;
    if (named !== '') text += `Host: ${named}\r\n`;
    else if (!this.#isOld) text += `Host: ${host}\r\n`;
    const set = this.#set;
    for (let i = 0; i < set.length; i += 1) {
      const { name, value } = set[i] as SetField;
      const is = value(request);
      if (is !== '') text += `${name}: ${is}\r\n`;
    }
    if (length >= 0 && !this.#setsLength) text += `Content-Length: ${length}\r\n`;
    else if (length === -1 && !this.#setsCoding) text += 'Transfer-Encoding: chunked\r\n';
    if (this.#passesFields) text += this.#clientFields((request.client as ServerConnection).head);
    return `${text}\r\n`;
  }

  /** What the client has said, but for what is between it and us, and what is set. */
  #clientFields(head: MessageHead): string {
    let text = '';
    let from = head.fieldsStart;
    const replaced = this.#replaced;
    for (let index = 0; index < head.fieldCount; index += 1) {
      const id = head.fieldId(index);
      const isDropped =
        id === HOST || id === CONTENT_LENGTH || id === EXPECT || id === AMBIGUOUS || isHopByHop(id);
      if (!isDropped && replaced?.find(head, index) !== true && !isNominated(head, index)) continue;
      const lineStart = head.lineStart(index);
      if (lineStart > from) text += head.text.slice(from, lineStart);
      from = head.lineStart(index + 1);
    }
    const end = head.lineStart(head.fieldCount);
    return from < end ? text + head.text.slice(from, end) : text;
  }
}

function isNominated(head: MessageHead, index: number): boolean {
  return head.nominated !== undefined && head.isNominated(index);
}
