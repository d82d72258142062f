/** The engine awaits only when a thenable comes back; a synchronous handler allocates no promise. */
export type Awaitable<T> = T | Promise<T>;

/** Ordered, case-insensitive, case-preserving. */
export interface HeaderFields extends Iterable<readonly [name: string, value: string]> {
  /** The value of the first field of this name. */
  get(name: string): string | undefined;
  getAll(name: string): readonly string[];
  has(name: string): boolean;
  /** Replaces all fields of this name by one, which stands last. */
  set(name: string, value: string): this;
  append(name: string, value: string): this;
  delete(name: string): this;
}

export interface RequestHead {
  method: string;
  /** As it stands on the wire; set it to bypass path and query. */
  target: string;
  /** Normalised and decoded, never empty. */
  path: string;
  /** Without the question mark. */
  query: string;
  readonly scheme: 'http' | 'https';
  authority: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly headers: HeaderFields;
}

export interface ResponseHead {
  status: number;
  /** The standard phrase where it is left out. */
  reason?: string | undefined;
  readonly headers: HeaderFields;
}

/** Fields by name, with a list where there are several of one name; or pairs, such as `Headers`. */
export type ReplyHeaders =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

/** An answer made here instead of at the upstream. */
export interface Reply {
  status: number;
  headers?: ReplyHeaders | undefined;
  /** A stream, such as a `Readable` of Node's, goes out as it comes, chunked. */
  body?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

type ReplyMaker = {
  (status: number, body?: string, headers?: ReplyHeaders): Reply;
  json(value: unknown, status?: number): Reply;
  redirect(to: string, status?: 301 | 302 | 303 | 307 | 308): Reply;
};

function makeReply(status: number, body?: string, headers?: ReplyHeaders): Reply {
  return { status, body, headers };
}

/** Makes replies: text, JSON, redirects. */
export const reply: ReplyMaker = Object.assign(makeReply, {
  json: (value: unknown, status = 200): Reply => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  }),
  redirect: (to: string, status: 301 | 302 | 303 | 307 | 308 = 302): Reply => ({
    status,
    headers: { location: to },
  }),
});
