import { once } from 'node:events';
import { type Agent, type IncomingMessage, request } from 'node:http';

/** An answer as Node's own client reads it. */
export type Answer = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Statuses of interim responses, in their order. */
  readonly interim: readonly number[];
  /** Of the connection that it came over, at our end. */
  readonly localPort: number;
};

export type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly agent?: Agent | false;
};

/** Asks with `node:http`, and reads the answer to its end; rejects where it is cut. */
export async function ask(url: string, asked: Asked = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, agent = false } = asked;
  const outgoing = request(url, { method, headers, agent });
  outgoing.on('error', () => {}); // Whoever waits is told; nobody may be waiting.
  const interim: number[] = [];
  outgoing.on('information', ({ statusCode }) => interim.push(statusCode));
  if (headers.expect !== undefined) {
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
  }
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const { localPort = 0 } = response.socket;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const { statusCode: status = 0, headers: fields } = response;
  return { status, headers: fields, body: Buffer.concat(chunks), interim, localPort };
}
