import { METHODS } from 'node:http';
import { createRequire } from 'node:module';

/** A message as Node's own parser tells of it. */
export type NodeMessage = {
  /** `GET /a HTTP/1.1`, or `HTTP/1.1 200`. */
  readonly first: string;
  /** Names in lower case, a field an entry. */
  readonly fields: readonly string[];
  readonly persistent: boolean;
  readonly upgrade: boolean;
  body: string;
  complete: boolean;
};

type Callback = (...told: never[]) => unknown;

/** What Node's HTTP modules call llhttp by; nobody documents it, so all of it stands here. */
type Binding = {
  [event: number]: Callback;
  initialize(kind: number, resource: object, headBytesMax: number, lenient: number): void;
  execute(data: Uint8Array): number | Error;
  finish(): number | Error | undefined;
};

type BindingClass = { new (): Binding } & Readonly<
  Record<'REQUEST' | 'RESPONSE' | 'kOnHeaders' | 'kOnHeadersComplete' | 'kOnBody', number> &
    Record<'kOnMessageComplete' | 'kLenientNone', number>
>;

const HEAD_BYTES_MAX = 64 * 1024;
/** What a callback for a head returns: the body is there as the fields say, or there is none. */
const AS_THE_FIELDS_SAY = 0;
const NO_BODY = 1;

/** `undefined` where this version of Node does not show its parser. */
const Parser: BindingClass | undefined = parserOfNode();

function parserOfNode(): BindingClass | undefined {
  try {
    const common = createRequire(import.meta.url)('_http_common') as { HTTPParser?: BindingClass };
    return common.HTTPParser;
  } catch {
    return undefined;
  }
}

/** Why there is nothing to compare with; `undefined` where there is. */
export const whyNoNodeParser: string | undefined =
  Parser === undefined ? 'this Node does not show its parser' : undefined;

/** Reads messages with llhttp in its strict mode, as Node's own server and client do. */
export class NodeParser {
  readonly messages: NodeMessage[] = [];
  /** Why it reads no further. */
  refused: string | undefined;
  readonly #class: BindingClass = Parser as BindingClass;
  readonly #parser: Binding = new this.#class();
  readonly #kind: number;
  readonly #bodiless: boolean;
  #early: string[] = [];
  #earlyTarget = '';

  constructor(kind: 'request' | 'response' | 'answer to HEAD') {
    this.#kind = kind === 'request' ? this.#class.REQUEST : this.#class.RESPONSE;
    this.#bodiless = kind === 'answer to HEAD';
    const { kOnHeaders, kOnHeadersComplete, kOnBody, kOnMessageComplete } = this.#class;
    this.#parser[kOnHeaders] = (list: string[], target: string) => this.#onFields(list, target);
    this.#parser[kOnHeadersComplete] = (...told: HeadTold) => this.#onHead(...told);
    this.#parser[kOnBody] = (data: Uint8Array) => {
      this.#current.body += Buffer.from(data).toString('latin1');
    };
    this.#parser[kOnMessageComplete] = () => {
      this.#current.complete = true;
    };
  }

  /** As good as new. */
  start(): void {
    this.messages.length = 0;
    this.refused = undefined;
    this.#early = [];
    this.#earlyTarget = '';
    const { kLenientNone } = this.#class;
    this.#parser.initialize(this.#kind, {}, HEAD_BYTES_MAX, kLenientNone);
  }

  write(data: Uint8Array): void {
    if (data.length > 0 && this.refused === undefined) this.#note(this.#parser.execute(data));
  }

  /** The connection has ended. */
  end(): void {
    if (this.refused === undefined) this.#note(this.#parser.finish());
  }

  get #current(): NodeMessage {
    return this.messages.at(-1) as NodeMessage;
  }

  #note(result: number | Error | undefined): void {
    if (result instanceof Error) this.refused = (result as NodeJS.ErrnoException).code ?? 'refused';
  }

  /** Fields beyond the first 32, before the head is complete; and those of a trailer section. */
  #onFields(list: string[], target: string): void {
    if (this.messages.length > 0 && !this.#current.complete) return;
    this.#early.push(...list);
    this.#earlyTarget += target;
  }

  #onHead(...told: HeadTold): number {
    const [major, minor, list, method, url, status, , upgrade, persistent] = told;
    const all = [...this.#early, ...(list ?? [])];
    const version = `HTTP/${major}.${minor}`;
    const name = method === undefined ? '' : methodName(method);
    const target = this.#earlyTarget + (url ?? '');
    this.messages.push({
      first: name === '' ? `${version} ${status}` : `${name} ${target} ${version}`,
      fields: all.flatMap((text, i) => (i % 2 ? [] : [`${text.toLowerCase()}: ${all[i + 1]}`])),
      persistent,
      upgrade,
      body: '',
      complete: false,
    });
    this.#early = [];
    this.#earlyTarget = '';
    return this.#bodiless ? NO_BODY : AS_THE_FIELDS_SAY;
  }
}

type HeadTold = [
  major: number,
  minor: number,
  fields: string[] | undefined,
  method: number | undefined,
  target: string | undefined,
  status: number | undefined,
  reason: string | undefined,
  upgrade: boolean,
  persistent: boolean,
];

/** llhttp tells of a method by a number of its own: what it says to each name is asked once. */
const METHOD_OF: ReadonlyMap<number, string> = methodNames();

function methodNames(): Map<number, string> {
  const names = new Map<number, string>();
  if (Parser === undefined) return names;
  for (const name of METHODS) {
    const parser = new Parser();
    parser[Parser.kOnHeadersComplete] = (...told: HeadTold) => {
      names.set(told[3] as number, name);
    };
    parser.initialize(Parser.REQUEST, {}, HEAD_BYTES_MAX, Parser.kLenientNone);
    parser.execute(Buffer.from(`${name} ${name === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\n\r\n`));
  }
  return names;
}

function methodName(index: number): string {
  return METHOD_OF.get(index) ?? `method ${index}`;
}
