import type { Found, Search, SearchMode } from '../../../src/dns/records/found.ts';
import type { RecordOptions } from '../../../src/dns/records/record-settings.ts';
import { Records } from '../../../src/dns/records/records.ts';
import type { Failure } from '../../../src/dns/transport/exchange.ts';
import type { NameKey } from '../../../src/dns/wire/name.ts';
import { TYPE } from '../../../src/dns/wire/record-type.ts';
import type { Alias, Answer, Negative, Settled } from '../../../src/dns/wire/reply.ts';
import { FakeProactor } from '../../core/fake-proactor.ts';
import { ManualHost } from '../../core/manual-host.ts';
import { type Asked, FakeExchanger } from './fake-exchanger.ts';

/** A caller, and everything that it was told. */
export type Caller = {
  readonly search: Search;
  readonly told: Found[];
  /** When it was told last. */
  atMs: number;
};

type Call = {
  type?: number;
  ms?: number;
  mode?: SearchMode;
  /** What the caller does when it is told. */
  onTold?: (found: Found) => void;
};

/** `www.example` as it stands in a message, lowered. */
export function key(text: string): NameKey {
  const labels = text.toLowerCase().split('.');
  return `${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\0`;
}

export function answer(ttl: number, more: Partial<Answer> = {}): Answer {
  const data = ['192.0.2.1'];
  return {
    kind: 'answer',
    canonical: key('a.example'),
    data,
    ttl,
    links: 0,
    authenticated: false,
    ...more,
  };
}

export function alias(to: string, ttl: number, more: Partial<Alias> = {}): Alias {
  return { kind: 'alias', canonical: key(to), ttl, links: 1, authenticated: false, ...more };
}

export function negative(
  kind: Negative['kind'],
  ttl: number | undefined,
  more: Partial<Negative> = {},
): Negative {
  return { kind, canonical: key('a.example'), ttl, links: 0, authenticated: false, ...more };
}

export function failure(code: Failure['code'] = 'ESERVFAIL'): Failure {
  return { kind: 'failure', code, server: '192.0.2.53:53', attempts: [] };
}

/** Records over servers and a clock that are the test's. The name is `a.example` where none is. */
export class RecordWorld {
  readonly host: ManualHost = new ManualHost();
  readonly port: FakeProactor = new FakeProactor(this.host.loop);
  readonly exchanger: FakeExchanger = new FakeExchanger();
  readonly records: Records;

  constructor(options: RecordOptions = {}) {
    this.records = new Records(this.port, this.exchanger, options);
  }

  get nowMs(): number {
    return this.host.now;
  }

  /** Asks; `told` fills when the loop turns. */
  call(name: string = 'a.example', call: Call = {}): Caller {
    const { type = TYPE.A, ms = 10_000, mode = 'use', onTold } = call;
    const told: Found[] = [];
    const onEnd = (found: Found): void => {
      told.push(found);
      caller.atMs = this.host.now;
      onTold?.(found);
    };
    const search = this.records.find(key(name), type, this.host.now + ms, mode, onEnd);
    const caller: Caller = { search, told, atMs: Number.NaN };
    return caller;
  }

  /** The same, for what needs no waiting. */
  found(name: string = 'a.example', call: Call = {}): Found | undefined {
    const { told } = this.call(name, call);
    this.pass(0);
    return told[0];
  }

  peek(name: string = 'a.example', type: number = TYPE.A): ReturnType<Records['peek']> {
    return this.records.peek(key(name), type);
  }

  /** The servers' answer to the oldest question that has none yet. */
  reply(end: Settled | Failure, asked: Asked | undefined = this.exchanger.open[0]): void {
    if (asked === undefined) throw new Error('nothing is asked');
    asked.ended = true;
    this.host.turn(() => asked.onEnd(end));
    this.host.settle();
  }

  /** Asks, and has the servers answer at once. */
  learn(end: Settled | Failure, name: string = 'a.example', call: Call = {}): Found | undefined {
    const { told } = this.call(name, call);
    this.reply(end);
    return told[0];
  }

  /** Lets time pass; what falls due on the way happens at its own moment. */
  pass(ms: number): void {
    const endMs = this.host.now + ms;
    this.host.settle();
    for (let dueMs = this.host.loop.nextDueMs; dueMs <= endMs; dueMs = this.host.loop.nextDueMs) {
      this.host.now = Math.max(this.host.now, dueMs);
      this.host.turn();
      this.host.settle();
    }
    this.host.now = endMs;
    this.host.turn();
    this.host.settle();
  }

  /** How many questions were ever asked. */
  get questions(): number {
    return this.exchanger.asked.length;
  }
}
