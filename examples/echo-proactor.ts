import { nodePort } from 'sluice/adapters/node';
import * as core from 'sluice/core';
import { formatEndpoint, parseEndpoint } from 'sluice/net';

// Echo by operations, made once per connection and used again: nothing is made per chunk.
// Try: node echo-proactor.js 127.0.0.1:7007, then: nc 127.0.0.1 7007
const port = nodePort();
const pool = new core.BufferPool();

class Echo implements core.OutboxOwner {
  readonly #recv: core.RecvOperation;
  readonly #close: core.CloseOperation;
  readonly #outbox: core.Outbox;
  #ended = false;

  constructor(socket: core.SocketId) {
    this.#recv = core.recvOperation(socket, () => this.#received());
    this.#close = core.closeOperation(socket, () => {});
    this.#outbox = new core.Outbox(port, pool, this, socket);
    port.submit(this.#recv);
  }

  #received(): void {
    const { status, data, offset, bytes } = this.#recv;
    if (status === 'done') {
      this.#outbox.appendCopy(data, offset, offset + bytes); // Leaves at the end of the turn.
      if (this.#outbox.level === 'open') port.submit(this.#recv);
      return;
    }
    this.#ended = true;
    if (status !== 'eof') this.outboxBroken();
    else if (this.#outbox.queuedBytes === 0) this.outboxDrained();
  }

  outboxLevel(level: core.Level): void {
    if (level === 'open' && !this.#ended) port.submit(this.#recv); // The client reads again.
  }

  outboxDrained(): void {
    if (this.#ended && this.#close.status === 'idle') port.submit(this.#close);
  }

  outboxBroken(): void {
    this.#close.how = 'reset';
    if (this.#close.status === 'idle') port.submit(this.#close);
  }
}

const listen = core.listenOperation(parseEndpoint(process.argv[2] ?? '127.0.0.1:7007'), () => {
  if (listen.bound === undefined) throw new Error(`cannot listen: ${listen.fault?.code}`);
  console.log(`listening on ${formatEndpoint(listen.bound)}`);
  const accept = core.acceptOperation(listen.socket, () => {
    if (accept.status === 'done') new Echo(accept.accepted);
    if (accept.status !== 'cancelled') port.submit(accept);
  });
  port.submit(accept);
});
port.submit(listen);
process.once('SIGINT', () => port.close(() => console.log(`${port.openSockets} sockets left`)));
