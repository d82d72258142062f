import type { Endpoint } from '../../core/endpoint.ts';
import type { UdpOpenOperation } from '../../core/operation.ts';
import { closeOperation, udpOpenOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { type AddressTraits, type SourceOf, traitsOf } from './address-order.ts';
import { isMapped } from './ip-text.ts';

/** How long a source address is used before it is looked at anew. */
export const SOURCE_MS: number = 10_000;
/** Callers that wait for sources at once; more are told at once, and order without. */
export const SOURCE_WAITING_MAX: number = 4_096;
/** An open socket is a matter of this machine alone: if it takes longer, it is not waited for. */
const OPEN_MS = 250;
/** Any: no packet is ever sent. */
const SOME_PORT = 53;
const NOTHING = (): void => {};

/** Where the two families' sockets are bound. */
const ANY: Readonly<Record<'ipv4' | 'ipv6', Endpoint>> = {
  ipv4: { family: 'ipv4', address: '0.0.0.0', port: 0 },
  ipv6: { family: 'ipv6', address: '::', port: 0 },
};

/** Destinations that leave from one source, as far as RFC 6724 tells them apart. */
type Class = {
  source: string | null | undefined;
  /** There has been an answer, or none could be had: nobody waits for it any more. */
  asked: boolean;
  freshUntilMs: number;
  probe: UdpOpenOperation | undefined;
};

/**
 * Learns from which address this machine sends: it connects a UDP socket, which sends nothing, and
 * reads the address that the system chose. One socket stands for a whole class of destinations, of
 * one family, label and scope, and its answer holds for 10 s: lookups cause no system calls.
 */
export class SourceAddresses {
  readonly #port: ProactorPort;
  /** By family, label and scope: there are some fifteen. */
  readonly #classes = new Map<number, Class>();
  #waiting: (() => void)[] = [];
  #probes = 0;
  #closed = false;

  constructor(port: ProactorPort) {
    this.#port = port;
  }

  /** For `orderAddresses`. */
  readonly sourceOf: SourceOf = (address) => this.#classes.get(classOf(traitsOf(address)))?.source;

  /**
   * True: what is needed to order these is known, or nothing is needed; what has become too old is
   * learnt anew meanwhile. False: `onKnown` is called when it is known, never inside this call.
   */
  ready(addresses: readonly string[], onKnown: () => void): boolean {
    if (this.#closed || !needSources(addresses)) return true;
    let known = true;
    for (const address of addresses) known = this.#learn(address) && known;
    if (known || this.#waiting.length === SOURCE_WAITING_MAX) return true;
    this.#waiting.push(onKnown);
    return false;
  }

  /** Who waits is told; no socket is left. */
  close(): void {
    this.#closed = true;
    for (const { probe } of this.#classes.values()) {
      if (probe !== undefined) this.#port.cancel(probe);
    }
  }

  #learn(address: string): boolean {
    const traits = traitsOf(address);
    const key = classOf(traits);
    let known = this.#classes.get(key);
    if (known === undefined) {
      known = { source: undefined, asked: false, freshUntilMs: 0, probe: undefined };
      this.#classes.set(key, known);
    }
    const nowMs = this.#port.loop.nowMs();
    if (known.probe === undefined && nowMs >= known.freshUntilMs) this.#ask(known, address);
    return known.asked;
  }

  #ask(known: Class, address: string): void {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const probe = udpOpenOperation(ANY[family], () => this.#learnt(known, probe));
    probe.remote = { family, address, port: SOME_PORT };
    probe.deadlineMs = this.#port.loop.nowMs() + OPEN_MS;
    known.probe = probe;
    this.#probes += 1;
    this.#port.submit(probe);
  }

  #learnt(known: Class, probe: UdpOpenOperation): void {
    known.probe = undefined;
    known.asked = true;
    known.freshUntilMs = this.#port.loop.nowMs() + SOURCE_MS;
    if (probe.status === 'done') {
      known.source = probe.bound?.address ?? null;
      this.#port.submit(closeOperation(probe.socket, NOTHING));
    } else if (isNoWay(probe)) known.source = null;
    this.#probes -= 1;
    if (this.#probes > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const onKnown of waiting) onKnown();
  }
}

/** Rule 9 is for IPv6; without it, IPv4 addresses of one class are equal. */
function needSources(addresses: readonly string[]): boolean {
  if (addresses.length < 2) return false;
  let first: number | undefined;
  for (const address of addresses) {
    const traits = traitsOf(address);
    if (!isMapped(traits.bytes)) return true;
    first ??= classOf(traits);
    if (classOf(traits) !== first) return true;
  }
  return false;
}

function classOf({ bytes, label, scope }: AddressTraits): number {
  return (label * 16 + scope) * 2 + Number(isMapped(bytes));
}

/**
 * ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT and others of their kind. That descriptors have run out,
 * or that it took too long, says nothing: what was known before stays.
 */
function isNoWay({ status, fault }: UdpOpenOperation): boolean {
  return status === 'failed' && fault?.class !== 'exhausted' && fault?.code !== 'closed';
}
