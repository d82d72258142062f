import { createServer } from 'node:http';
import { Pool } from 'undici';

// What one would write by hand on node:http and undici's lowest public interface, `dispatch`:
// the pool is shared, header pairs pass as they came, a slow client pauses the upstream.

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const keepAliveTimeout = 3_600_000;
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, {
  connections: 128,
  pipelining: 1,
  keepAliveTimeout,
  keepAliveMaxTimeout: keepAliveTimeout,
});
// Fields that are for one connection and not for the next (RFC 9110 §7.6.1).
const HOP_BY_HOP = new Set(
  'connection keep-alive proxy-connection te trailer transfer-encoding upgrade host'.split(' '),
);

function endToEnd(rawHeaders) {
  const kept = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toString('latin1');
    if (HOP_BY_HOP.has(name.toLowerCase())) continue;
    kept.push(name, rawHeaders[index + 1].toString('latin1'));
  }
  return kept;
}

class Forward {
  #response;
  constructor(response) {
    this.#response = response;
  }
  onRequestStart(controller) {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the client left'));
    });
    this.#response.on('drain', () => controller.resume());
  }
  onResponseStart(controller, status) {
    this.#response.writeHead(status, endToEnd(controller.rawHeaders));
  }
  onResponseData(controller, part) {
    if (!this.#response.write(part)) controller.pause();
  }
  onResponseEnd() {
    this.#response.end();
  }
  onResponseError() {
    this.#response.destroy();
  }
}

const server = createServer((request, response) => {
  const { method, url: path, rawHeaders } = request;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const options = { method, path, headers: endToEnd(rawHeaders), body: hasBody ? request : null };
  pool.dispatch(options, new Forward(response));
});
server.keepAliveTimeout = keepAliveTimeout;
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
