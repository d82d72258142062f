import { createHash } from 'node:crypto';
import { Agent as HttpsAgent } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

/** Keys and certificates for connections to a target, as Node names them. */
export type TlsMaterial = Pick<
  SecureContextOptions,
  'pfx' | 'key' | 'passphrase' | 'cert' | 'ca' | 'ciphers' | 'secureProtocol'
>;

const NAMES = ['pfx', 'key', 'passphrase', 'cert', 'ca', 'ciphers', 'secureProtocol'] as const;

/** What Node is told for one connection. */
export type TlsOptions = TlsMaterial & {
  readonly rejectUnauthorized: boolean;
  /** The name to ask for and to verify; an address has none. */
  readonly servername: string;
};

/** The sources in order: what a later one has takes precedence. */
export function tlsMaterial(...sources: readonly unknown[]): TlsMaterial {
  const material: Record<string, unknown> = {};
  for (const source of sources) {
    if (typeof source !== 'object' || source === null) continue;
    for (const name of NAMES) {
      const value = (source as Record<string, unknown>)[name];
      if (value !== undefined && value !== null) material[name] = value;
    }
  }
  return material;
}

/** What a plain agent was told about TLS; Node lets it outweigh the request's own options. */
export function agentTls(agent: unknown): { rejectUnauthorized?: unknown; servername?: unknown } {
  return agent instanceof HttpsAgent ? agent.options : {};
}

/** Connections with different material are not shared: their keys differ. */
export function fingerprint(options: TlsOptions): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}=`);
    addTo(hash, value);
  }
  return hash.digest('base64');
}

/** Lengths stand in front, so that no two values give the same text. */
function addTo(hash: ReturnType<typeof createHash>, value: unknown): void {
  if (Array.isArray(value)) {
    hash.update(`[${value.length}]`);
    for (const part of value) addTo(hash, part);
  } else if (value instanceof Uint8Array) {
    hash.update(`b${value.length}:`).update(value);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    hash.update(`{${entries.length}}`);
    for (const [name, part] of entries) {
      hash.update(`${name.length}:${name}=`);
      addTo(hash, part);
    }
  } else {
    const text = String(value);
    hash.update(`${typeof value}${text.length}:${text}`);
  }
}
