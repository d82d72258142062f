import { AMBIGUOUS, CONTENT_LENGTH, EXPECT, HOST, isHopByHop } from '../../../http/field-names.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { LocationConf } from '../../conf/location-conf.ts';
import type { Request } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import type { Evaluate } from '../../engine/templates.ts';

/** Makes the heads of requests as they go to a server. */
export class RequestHead {
  readonly #conf: LocationConf;
  readonly #method: Evaluate | undefined;
  readonly #body: Evaluate | undefined;
  /** Of `proxy_set_header`, in its order; an empty value removes the field. */
  readonly #set: readonly {
    readonly name: string;
    readonly lower: string;
    readonly value: Evaluate;
  }[];
  readonly #names: ReadonlySet<string>;

  constructor(conf: LocationConf, site: Site) {
    this.#conf = conf;
    this.#method = conf.proxyMethod === undefined ? undefined : site.template(conf.proxyMethod);
    this.#body = conf.proxySetBody === undefined ? undefined : site.template(conf.proxySetBody);
    this.#set = conf.proxySetHeaders.map(({ name, value }) => {
      return { name, lower: name.toLowerCase(), value: site.template(value) };
    });
    this.#names = new Set(this.#set.map(({ lower }) => lower));
  }

  text(request: Request): string {
    const client = request.client as ServerConnection;
    const { proxyHttpVersion, proxyPassRequestHeaders } = this.#conf;
    const old = proxyHttpVersion === '1.0';
    const method = this.#method?.(request) ?? request.method;
    const { uri, host } = request.destination as NonNullable<Request['destination']>;
    let text = `${method} ${uri} HTTP/${old ? '1.0' : '1.1'}\r\n`;
    for (const { name, value } of this.#set) {
      const is = value(request);
      if (is !== '') text += `${name}: ${is}\r\n`;
    }
    if (!this.#names.has('host')) text += `Host: ${host}\r\n`;
    if (old && !this.#names.has('connection')) text += 'Connection: close\r\n';
    text += this.#framing(request, client.head);
    if (proxyPassRequestHeaders) text += this.#clientFields(client.head);
    return `${text}\r\n`;
  }

  #framing(request: Request, head: MessageHead): string {
    if (this.#body !== undefined) {
      const body = this.#body(request);
      request.body.replace(body);
      return `Content-Length: ${body.length}\r\n`;
    }
    if (!this.#conf.proxyPassRequestBody) {
      request.body.replace('');
      return '';
    }
    if (request.body.isWhole) {
      // A length that the client has given, be it 0, is given again.
      return head.framing === 'none' ? '' : `Content-Length: ${request.body.bytes}\r\n`;
    }
    if (head.framing === 'length') return `Content-Length: ${head.contentLength}\r\n`;
    return head.framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  }

  /** What the client has said, but for what is between it and us, and what is set. */
  #clientFields(head: MessageHead): string {
    let text = '';
    let from = head.fieldsStart;
    const names = this.#names;
    for (let index = 0; index < head.fieldCount; index += 1) {
      const id = head.fieldId(index);
      const isDropped =
        id === HOST || id === CONTENT_LENGTH || id === EXPECT || id === AMBIGUOUS || isHopByHop(id);
      const isSet = names.size > 0 && names.has(head.fieldName(index).toLowerCase());
      if (!isDropped && !isSet && !head.isNominated(index)) continue;
      const lineStart = head.lineStart(index);
      if (lineStart > from) text += head.text.slice(from, lineStart);
      from = head.lineStart(index + 1);
    }
    const end = head.lineStart(head.fieldCount);
    return from < end ? text + head.text.slice(from, end) : text;
  }
}
