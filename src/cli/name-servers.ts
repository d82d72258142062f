import { getServers } from 'node:dns';
import { readFileSync } from 'node:fs';
import type { Endpoint } from '../core/endpoint.ts';
import { parseIp } from '../net/ip.ts';

const RESOLV_CONF = '/etc/resolv.conf';
const DNS_PORT = 53;
/** As in the C library (resolv.conf(5), MAXNS). */
const SERVERS_MAX = 3;
const NOBODY_SAYS: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: DNS_PORT };

/** The name servers of this system: of resolv.conf(5), or what Node knows where there is none. */
export function systemNameServers(): readonly Endpoint[] {
  let text: string;
  try {
    text = readFileSync(RESOLV_CONF, 'latin1');
  } catch {
    text = getServers()
      .map((server) => `nameserver ${server}\n`)
      .join('');
  }
  const servers = nameServersIn(text);
  return servers.length > 0 ? servers : [NOBODY_SAYS];
}

/** The servers that the text of a resolv.conf names, in its order. */
export function nameServersIn(text: string): readonly Endpoint[] {
  const servers: Endpoint[] = [];
  for (const line of text.split('\n')) {
    const [, address = ''] =
      /^nameserver[ \t]+([0-9A-Fa-f.:]+)[ \t\r]*(?:[#;].*)?$/.exec(line) ?? [];
    if (typeof parseIp(address) !== 'object' || servers.length === SERVERS_MAX) continue;
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    servers.push({ family, address, port: DNS_PORT });
  }
  return servers;
}
