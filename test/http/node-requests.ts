import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Duplex } from 'node:stream';

/** What Node's own parser makes of an input: a request a line, with its body behind it. */
export class NodeRequests {
  readonly #server: Server = createServer({ insecureHTTPParser: false });

  /** Requests that came to their end, and `refused` where the parser said no. */
  read(wire: Uint8Array): Promise<string[]> {
    return new Promise((resolve) => {
      const lines: string[] = [];
      const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      const onRequest = (request: IncomingMessage) => {
        let body = '';
        request.setEncoding('latin1');
        request.on('data', (text: string) => {
          body += text;
        });
        request.on('error', () => {});
        request.on('end', () => {
          if (request.complete) lines.push(`${request.method} ${request.url} ${body.length}`);
        });
      };
      const onError = () => {
        lines.push('refused');
        end();
      };
      const end = () => {
        this.#server.removeListener('request', onRequest);
        this.#server.removeListener('clientError', onError);
        socket.destroy();
        resolve(lines);
      };
      this.#server.on('request', onRequest);
      this.#server.on('clientError', onError);
      this.#server.emit('connection', socket);
      socket.push(wire);
      // A body is told of in later turns: four are enough for all that a few hundred bytes hold.
      let turns = 4;
      const turn = () => {
        turns -= 1;
        if (turns > 0) setImmediate(turn);
        else if (!socket.destroyed) end();
      };
      setImmediate(turn);
    });
  }
}
