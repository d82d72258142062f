import { InvariantError } from '../../core/invariant-error.ts';

/** Everything that distinguishes one connection from another: those that differ are not shared. */
export type Destination = {
  /** Numeric address, or the path of a unix socket. */
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string;
  readonly scheme?: 'http' | 'https';
  readonly sni?: string;
  /** The name that the certificate is checked for, where it is not `sni`. */
  readonly certificateName?: string;
  readonly certificate?: string;
  readonly privateKey?: string;
  readonly ca?: string;
  readonly verifyCertificate?: boolean;
  readonly verifyName?: boolean;
  readonly alpn?: readonly string[];
  readonly httpVersion?: '1.0' | '1.1' | '2';
  /** Proxies on the way, nearest first. */
  readonly via?: readonly string[];
  /** What is sent before the first request, as the PROXY protocol does: it names one client. */
  readonly preamble?: string;
  /** The user's own. */
  readonly poolKey?: string;
};

/** One destination, interned: equal destinations have the same object. */
export type PoolKey = {
  readonly text: string;
  /** How many peers have it open; at 0 nothing is kept for it. */
  holders: number;
  /** Idle connections, and the newest of them by its place in the pool. */
  idle: number;
  newest: number;
  oldest: number;
};

/** The keys of one pool. Bounded by who opens them: the peers of a group. */
export class PoolKeys {
  readonly #keys = new Map<string, PoolKey>();

  get size(): number {
    return this.#keys.size;
  }

  /** The key of a destination, held until it is closed as often as it was opened. */
  open(destination: Destination): PoolKey {
    const text = textOf(destination);
    let key = this.#keys.get(text);
    if (key === undefined) {
      key = { text, holders: 0, idle: 0, newest: -1, oldest: -1 };
      this.#keys.set(text, key);
    }
    key.holders += 1;
    return key;
  }

  /** `true`: nobody holds it any more. */
  close(key: PoolKey): boolean {
    if (key.holders === 0) throw new InvariantError('a pool key was closed twice');
    key.holders -= 1;
    if (key.holders > 0) return false;
    this.#keys.delete(key.text);
    return true;
  }
}

/** A list in JSON: no two destinations have the same text, whatever their parts contain. */
function textOf(destination: Destination): string {
  const { address, port, localAddress, scheme = 'http', sni, certificateName } = destination;
  const { certificate, privateKey, ca, verifyCertificate = true, verifyName = true } = destination;
  const { alpn = [], httpVersion = '1.1', via = [], preamble, poolKey } = destination;
  const where = [address, port, localAddress, scheme, httpVersion, alpn, via, preamble, poolKey];
  const tls = [sni, certificateName, certificate, privateKey, ca, verifyCertificate, verifyName];
  return JSON.stringify([...where, ...tls]);
}
