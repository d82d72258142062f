import { UPGRADE } from '../../http/field-names.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { withoutBlanks } from '../../http/optional-white-space.ts';
import { isConnect } from '../../http/request-target.ts';
import type { Peer, Upstream } from './peers.ts';
import type { SessionBase } from './session-base.ts';

/** protocol = protocol-name [ "/" protocol-version ] (RFC 9110 §7.8). */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/** HTTP itself: who speaks it behind an upgrade passes by every phase. */
const HTTP = /^(?:h2c?|http)(?:\/|$)/i;
/** Protocols of one listener. */
export const UPGRADES_MAX = 100;

/** Protocols that clients may switch to, in lower case. Throws `TypeError` for what is none. */
export function upgradesOf(protocols: readonly string[]): ReadonlySet<string> {
  if (protocols.length > UPGRADES_MAX) throw new RangeError(`over ${UPGRADES_MAX} upgrades`);
  for (const protocol of protocols) {
    if (!PROTOCOL.test(protocol)) throw new TypeError(`upgrades: '${protocol}' is no protocol`);
    if (HTTP.test(protocol)) throw new TypeError(`upgrades: '${protocol}' would pass by the proxy`);
  }
  return new Set(protocols.map((protocol) => protocol.toLowerCase()));
}

/** What a request asks for. */
export function kindOf(head: MessageHead, upgrade: string | undefined): SessionBase['kind'] {
  if (isConnect(head)) return 'connect';
  return upgrade === undefined ? 'request' : 'upgrade';
}

/**
 * The protocol that a request asks to switch to, as it wrote it: the first of its list that is
 * allowed. An Upgrade that `Connection` does not name is for somebody else, and HTTP/1.0 has none.
 */
export function askedUpgrade(head: MessageHead, allowed: ReadonlySet<string>): string | undefined {
  if (head.minorVersion === 0 || !head.nominated?.includes('upgrade')) return undefined;
  if (isConnect(head)) return undefined;
  return protocolsOf(head).find((protocol) => allowed.has(protocol.toLowerCase()));
}

/** Does a 101 switch to what was asked for (RFC 9110 §15.2.2)? */
export function confirms(head: MessageHead, asked: string | undefined): boolean {
  const protocols = protocolsOf(head);
  return protocols.length === 1 && protocols[0]?.toLowerCase() === asked?.toLowerCase();
}

/** The fields that go with an upgrade, both ways. */
export function upgradeLines(protocol: string): string {
  return `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
}

/** May CONNECT reach this destination? Only where a handler has said so of this very one. */
export function isTunnelPeer(choice: Peer | Upstream | string | undefined): boolean {
  return typeof choice === 'object' && 'host' in choice && choice.tunnel === true;
}

function protocolsOf(head: MessageHead): string[] {
  const protocols: string[] = [];
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (head.fieldId(index) !== UPGRADE) continue;
    for (const part of head.fieldValue(index).split(',')) {
      const protocol = withoutBlanks(part);
      if (protocol !== '') protocols.push(protocol);
    }
  }
  return protocols;
}
