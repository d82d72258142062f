import { FieldEdits } from '../../http/field-edits.ts';
import { HOST } from '../../http/field-names.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { originForm } from '../../http/request-target.ts';
import type { RequestHead } from './messages.ts';
import { escapedPath, forwardedPath, isLatin1, normalizedPath } from './path.ts';

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What a request line may have between its spaces. */
const TARGET = /^[\x21-\x22\x24-\x7e]+$/;
const QUERY = /^[\x21-\x22\x24-\x7e]*$/;
const AUTHORITY = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;
const ABSOLUTE = /^https?:\/\/([^/?]*)/i;

/**
 * A received request head with changes, which are kept beside it. What nobody asks for is not
 * made. It is as good as the head: nothing of it may be kept after the exchange.
 */
export class ReceivedRequest implements RequestHead {
  #headers: FieldEdits | undefined;
  readonly scheme = 'http' as const;
  #head: MessageHead;
  #method: string | undefined;
  #target: string | undefined;
  #path: string | undefined;
  #query: string | undefined;
  #authority: string | undefined;
  /** The authority was set, and not only read. */
  #host: string | undefined;
  /** The path was set, and not only read. */
  #moved = false;
  /** Anything but a field was set. */
  #isSet = false;

  constructor(head: MessageHead, headers?: FieldEdits) {
    this.#head = head;
    this.#headers = headers;
  }

  get headers(): FieldEdits {
    this.#headers ??= new FieldEdits(this.#head);
    return this.#headers;
  }

  /** For serializers: does it say what came, nothing set, and the path no other than it seems? */
  isAsItCame(routed: boolean): boolean {
    if (this.#isSet || this.#headers?.changed === true) return false;
    return this.#path === undefined ? !routed : this.#path === this.#raw.path;
  }

  get method(): string {
    this.#method ??= this.#head.method;
    return this.#method;
  }

  set method(method: string) {
    if (!METHOD.test(method)) throw new TypeError(`'${method}' is no method`);
    if (method === 'CONNECT') throw new TypeError('a request cannot become a CONNECT');
    this.#method = method;
    this.#isSet = true;
  }

  get target(): string {
    return this.#target ?? this.#head.target;
  }

  set target(target: string) {
    if (!TARGET.test(target))
      throw new TypeError('a target has printable ASCII without # and spaces');
    this.#target = target;
    this.#isSet = true;
  }

  get path(): string {
    this.#path ??= normalizedPath(this.#raw.path);
    return this.#path;
  }

  set path(path: string) {
    if (!path.startsWith('/')) throw new TypeError("a path begins with '/'");
    this.#path = path;
    this.#moved = true;
    this.#isSet = true;
  }

  get query(): string {
    this.#query ??= this.#raw.query;
    return this.#query;
  }

  set query(query: string) {
    if (!QUERY.test(query)) throw new TypeError('a query has printable ASCII without # and spaces');
    this.#query = query;
    this.#isSet = true;
  }

  get authority(): string {
    const { target } = this.#head;
    this.#authority ??= ABSOLUTE.exec(target)?.[1] ?? this.#head.valueOf(HOST) ?? '';
    return this.#authority;
  }

  set authority(authority: string) {
    if (!AUTHORITY.test(authority)) throw new TypeError(`'${authority}' is no authority`);
    this.#authority = authority;
    this.#host = authority;
    this.#isSet = true;
  }

  /** What the Host field is to say, where somebody has set it. */
  get host(): string | undefined {
    const headers = this.#headers;
    if (headers?.changed !== true || !headers.adds('host')) return this.#host;
    const host = headers.get('host') ?? '';
    if (!AUTHORITY.test(host)) throw new TypeError(`'${host}' is no host`);
    return host;
  }

  get httpVersion(): '1.0' | '1.1' {
    return this.#head.minorVersion === 0 ? '1.0' : '1.1';
  }

  /** The exchange is over: from now on it shows `head`, which nobody else uses. */
  leave(head: MessageHead): void {
    this.#head = head;
    this.#headers?.moveTo(head);
  }

  /** A fresh copy for one attempt, with the changes so far. */
  copy(): ReceivedRequest {
    const copy = new ReceivedRequest(this.#head, this.#headers?.copy());
    copy.#isSet = this.#isSet;
    copy.#method = this.#method;
    copy.#target = this.#target;
    copy.#path = this.#path;
    copy.#query = this.#query;
    copy.#authority = this.#authority;
    copy.#host = this.#host;
    copy.#moved = this.#moved;
    return copy;
  }

  /**
   * The target of the request line that goes upstream. `prefix` is replaced by `uri` where there
   * is one, as nginx's proxy_pass does. `routed`: a route was chosen by the path. Where somebody
   * has looked at the path, what is forwarded may not mean another one.
   */
  forwardedTarget(routed: boolean, prefix: string, uri: string | undefined): string {
    if (this.#target !== undefined) return this.#target;
    const { query } = this;
    const tail = query === '' ? '' : `?${query}`;
    const raw = this.#raw;
    if (raw.path === '*' && !this.#moved) return '*'; // It is about the server as a whole.
    if (uri !== undefined) {
      const rest = this.path.startsWith(prefix) ? this.path.slice(prefix.length) : this.path;
      return `${uri}${escapedPath(rest, !this.#moved && isLatin1(raw.path))}${tail}`;
    }
    if (this.#moved) return `${escapedPath(this.path, false)}${tail}`;
    const isSeen = routed || this.#path !== undefined;
    const path = isSeen ? forwardedPath(raw.path, this.path) : raw.path;
    return `${path}${tail}`;
  }

  get #raw(): { readonly path: string; readonly query: string } {
    const target = originForm(this.#head);
    const mark = target.indexOf('?');
    if (mark < 0) return { path: target, query: '' };
    return { path: target.slice(0, mark), query: target.slice(mark + 1) };
  }
}
