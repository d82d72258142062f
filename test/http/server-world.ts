import { ParserPool } from '../../src/http/parser-pool.ts';
import { reply } from '../../src/http/reply.ts';
import { LAST_CHUNK } from '../../src/http/send-body.ts';
import { ActivityPool } from '../../src/http/server-activity.ts';
import { ServerConnection } from '../../src/http/server-connection.ts';
import type { Exchange, ServerShared } from '../../src/http/server-options.ts';
import { WireWorld } from './wire-world.ts';

/** When requests are answered: as soon as the head is there, at their end, or by the test. */
export type Answers = 'at once' | 'at the end' | 'by hand';

export const TIMEOUTS = { headMs: 100, bodyMs: 200, sendMs: 300, idleMs: 400 } as const;

/** A server's connection whose handler writes down what it is told. */
export class ServerWorld extends WireWorld {
  readonly told: string[] = [];
  readonly parsers: ParserPool = new ParserPool('request');
  readonly activities: ActivityPool;
  readonly connection: ServerConnection;
  answers: Answers;
  /** No body is wanted for now, as while a server is being connected to. */
  pausesFirst = false;

  constructor(answers: Answers, options: Partial<ServerShared> = {}) {
    super();
    this.answers = answers;
    const { port, buffers, parsers } = this;
    this.activities = new ActivityPool(port, buffers, parsers, TIMEOUTS.sendMs);
    const shared: ServerShared = {
      port,
      activities: this.activities,
      timeouts: TIMEOUTS,
      requestsMax: 1_000,
      bodyBytesMax: 1_000,
      handler: {
        request: (connection) => this.#request(connection),
        refused: (_connection, error) => this.told.push(`refused ${error.code}`),
        closed: () => this.told.push('closed'),
      },
      ...options,
    };
    let connection: ServerConnection | undefined;
    this.does(() => {
      connection = new ServerConnection(shared, 1);
    });
    this.connection = connection as unknown as ServerConnection;
  }

  /** The statuses that were sent. */
  get statuses(): string[] {
    return [...this.sent.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status as string);
  }

  /** Answers the current request, with the words that the test gives. */
  answer(text: string = 'ok'): void {
    const { persistent } = this.connection;
    this.connection.send(reply(200, text, persistent));
    this.connection.endResponse(persistent);
  }

  /** Begins an answer that has no end yet. */
  beginAnswer(): void {
    this.connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
  }

  endAnswer(): void {
    this.connection.send(LAST_CHUNK);
    this.connection.endResponse(this.connection.persistent);
  }

  #request(connection: ServerConnection): Exchange {
    const { target } = connection.head;
    this.told.push(`request ${target}`);
    if (this.pausesFirst) connection.pauseRequest();
    if (this.answers === 'at once') this.#answer(connection, target);
    else if (this.answers === 'at the end' && !connection.requestHasBody) {
      this.#answer(connection, target);
    }
    return {
      requestBody: (data, from, to) => {
        this.told.push(`body ${Buffer.from(data).toString('latin1', from, to)}`);
      },
      requestEnd: () => {
        this.told.push('end');
        if (this.answers === 'at the end') this.#answer(connection, target);
      },
      requestFailed: (error) => this.told.push(`failed ${error?.code ?? 'gone'}`),
      responseLevel: (level) => this.told.push(`level ${level}`),
    };
  }

  #answer(connection: ServerConnection, text: string): void {
    const { persistent } = connection;
    connection.send(reply(200, text, persistent));
    connection.endResponse(persistent);
  }
}

export function get(target: string, ...lines: readonly string[]): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

export function post(body: string, ...lines: readonly string[]): string {
  const more = lines.map((line) => `${line}\r\n`).join('');
  return `POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}
