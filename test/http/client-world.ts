import { ClientConnection } from '../../src/http/client-connection.ts';
import type { ClientExchange, ClientFailure } from '../../src/http/client-options.ts';
import { ParserPool } from '../../src/http/parser-pool.ts';
import { WireWorld } from './wire-world.ts';

export const TIMEOUTS = { readMs: 100, sendMs: 200, idleMs: 400 } as const;

/** A connection to a server; the test is the server, and what the client is told is written down. */
export class ClientWorld extends WireWorld {
  readonly told: string[] = [];
  readonly parsers: ParserPool = new ParserPool('response');
  readonly connection: ClientConnection;
  readonly exchange: ClientExchange = {
    responseHead: (head) => this.told.push(`head ${head.status}`),
    responseBody: (data, from, to) => {
      this.told.push(`body ${Buffer.from(data).toString('latin1', from, to)}`);
    },
    responseEnd: () => this.told.push(`end, ${this.connection.reusable ? 'reusable' : 'used up'}`),
    responseFailed: (failure) => this.told.push(`failed ${wordsOf(failure)}`),
    requestLevel: (level) => this.told.push(`level ${level}`),
  };

  constructor() {
    super();
    const shared = {
      port: this.port,
      buffers: this.buffers,
      bulk: undefined,
      parsers: this.parsers,
      timeouts: TIMEOUTS,
    };
    const owner = { idleConnectionGone: () => this.told.push('gone') };
    this.connection = new ClientConnection(shared, owner, 1);
  }

  /** Begins an exchange; nothing is logged for it. */
  asks(bodiless: boolean = false, request: string = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'): void {
    this.does(() => {
      this.connection.begin(this.exchange, bodiless);
      this.connection.outbox.appendText(request);
    });
  }

  /** Puts the connection into a pool. */
  rests(): void {
    this.does(() => this.connection.rest());
  }
}

function wordsOf(failure: ClientFailure): string {
  switch (failure.kind) {
    case 'protocol':
      return failure.error.code;
    case 'timeout':
      return `${failure.direction} timeout`;
    case 'closed':
      return failure.fault === undefined ? 'closed' : `closed, ${failure.fault.code}`;
    default:
      return failure satisfies never;
  }
}

/** A response with a body of a length. */
export function ok(body: string, ...lines: readonly string[]): string {
  const more = lines.map((line) => `${line}\r\n`).join('');
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}
