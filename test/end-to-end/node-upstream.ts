import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

export const MIB: number = 1024 * 1024;

/** What `describing` says of a request. */
export type Described = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly hash: string;
};

/** A server of Node's own, somebody else's idea of HTTP, for as long as the test runs. */
export async function nodeUpstream(
  t: ExecutionContext,
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Answers with what was asked, and what its body was. */
export const describing: RequestListener = async (request, response) => {
  const { bytes, hash } = await digest(request);
  const { method, url, headers } = request;
  const text = JSON.stringify({ method, url, headers, bytes, hash });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
  response.end(request.method === 'HEAD' ? undefined : text);
};

async function digest(request: IncomingMessage): Promise<{ bytes: number; hash: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, hash: hash.digest('hex') };
}

export function hashOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Bytes without a period that a buffer's size could hide. */
export function unlikeBytes(bytes: number): Buffer {
  const data = Buffer.alloc(bytes);
  let state = 1;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data.writeUInt32LE(state, at);
  }
  return data;
}
