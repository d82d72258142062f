import type { Clock } from '../../core/clock.ts';
import type { Endpoint } from '../../core/endpoint.ts';
import { HOSTS_CHARS_MAX, type HostsFile, parseHosts } from './hosts-file.ts';
import {
  DNS_PORT,
  parseResolvConf,
  RESOLV_CONF_CHARS_MAX,
  type ResolvConf,
} from './resolv-conf.ts';

/** How often a file is looked at, at most: in milliseconds, and only while it is used. */
export const RECHECK_MS: number = 5_000;

/** What tells one state of a file from another. */
export type FileStamp = {
  readonly mtimeMs: number;
  /** In bytes. */
  readonly size: number;
  readonly inode: number;
};

/** The files of this system: the one way to them, so that tests have files of their own. */
export interface SystemFiles {
  /** Links are followed; `undefined`: there is no such file. */
  stat(path: string): FileStamp | undefined;
  /** As UTF-8; `undefined`: it cannot be read. */
  read(path: string): string | undefined;
  /** Where they are where nobody says otherwise. */
  readonly resolvConfPath?: string;
  readonly hostsPath?: string;
}

export type SystemConfigOptions = {
  /** A path; `false`: not read. Default: `/etc/resolv.conf`. */
  readonly resolvConf?: string | false | undefined;
  /** Default: `/etc/hosts`. */
  readonly hosts?: string | false | undefined;
  /** Default true; false: read once, at the first use. */
  readonly watch?: boolean | undefined;
};

/** Who is asked where no file names a server (resolv.conf(5)): this machine. */
export const LOCAL_SERVERS: readonly Endpoint[] = [
  { family: 'ipv4', address: '127.0.0.1', port: DNS_PORT },
  { family: 'ipv6', address: '::1', port: DNS_PORT },
];

/**
 * What resolv.conf and hosts say now. The same object is given as long as nothing has changed, so
 * that who has derived something from it need not compare more.
 */
export class SystemConfig {
  readonly #resolvConf: WatchedFile<ResolvConf>;
  readonly #hosts: WatchedFile<HostsFile>;

  constructor(files: SystemFiles, clock: Clock, options: SystemConfigOptions = {}) {
    const { resolvConf, hosts, watch = true } = options;
    const parts = { files, clock, watch };
    this.#resolvConf = new WatchedFile(parts, {
      path: resolvConf ?? files.resolvConfPath ?? '/etc/resolv.conf',
      bytesMax: RESOLV_CONF_CHARS_MAX,
      parse: (text) => {
        const conf = parseResolvConf(text);
        return conf.servers.length > 0 ? conf : { ...conf, servers: LOCAL_SERVERS };
      },
      isEmpty: ({ servers }) => servers === LOCAL_SERVERS,
    });
    this.#hosts = new WatchedFile(parts, {
      path: hosts ?? files.hostsPath ?? '/etc/hosts',
      bytesMax: HOSTS_CHARS_MAX,
      parse: parseHosts,
      isEmpty: ({ names }) => names === 0,
    });
  }

  /** Servers are never missing: there are `LOCAL_SERVERS` where no file names any. */
  resolvConf(): ResolvConf {
    return this.#resolvConf.value();
  }

  hosts(): HostsFile {
    return this.#hosts.value();
  }
}

type Parts = { readonly files: SystemFiles; readonly clock: Clock; readonly watch: boolean };

type FileKind<Value> = {
  readonly path: string | false;
  readonly bytesMax: number;
  readonly parse: (text: string) => Value;
  readonly isEmpty: (value: Value) => boolean;
};

/**
 * One file. That it is missing or says nothing is believed only at the second look in a row:
 * programs empty such files before they write them, and a lookup in between must not suffer.
 */
class WatchedFile<Value> {
  readonly #parts: Parts;
  readonly #kind: FileKind<Value>;
  #value: Value | undefined;
  #stamp: FileStamp | undefined;
  #nextLookMs = 0;
  /** The last look found nothing where there had been something. */
  #doubted = false;

  constructor(parts: Parts, kind: FileKind<Value>) {
    this.#parts = parts;
    this.#kind = kind;
  }

  value(): Value {
    const { clock, watch } = this.#parts;
    const known = this.#value;
    if (known !== undefined && (!watch || this.#kind.path === false)) return known;
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs < this.#nextLookMs) return known;
    this.#nextLookMs = nowMs + RECHECK_MS;
    const value = this.#look(known);
    this.#value = value;
    return value;
  }

  #look(known: Value | undefined): Value {
    const { parse, isEmpty, path, bytesMax } = this.#kind;
    const { files } = this.#parts;
    // The stamp first: what is written after it shows at the next look.
    const stamp = path === false ? undefined : files.stat(path);
    if (known !== undefined && !this.#doubted && same(stamp, this.#stamp)) return known;
    const isReadable = path !== false && stamp !== undefined && stamp.size <= bytesMax;
    const text = isReadable ? files.read(path) : undefined;
    const value = parse(text ?? '');
    if (known !== undefined && !this.#doubted && isEmpty(value) && !isEmpty(known)) {
      this.#doubted = true;
      return known;
    }
    this.#doubted = false;
    // A file that exists and could not be read is tried again.
    this.#stamp = isReadable && text === undefined ? undefined : stamp;
    return value;
  }
}

function same(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.inode === b.inode;
}
