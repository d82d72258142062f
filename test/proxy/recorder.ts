import { fieldOf, type Peer } from './peer.ts';
import { ok, type Script } from './upstream.ts';

/** A request as an upstream has read it, to its end. */
export type Recorded = {
  /** `GET / HTTP/1.1`. */
  readonly first: string;
  /** Lines as they came, in their order. */
  readonly fields: readonly string[];
  readonly body: string;
};

/** An upstream that answers every whole request with 200 and forgets no byte of what it got. */
export class Recorder {
  readonly requests: Recorded[] = [];
  /** All that came, over all connections, framing included. */
  raw = '';
  readonly script: Script = async (peer) => {
    peer.socket.on('data', (data) => {
      this.raw += data.toString('latin1');
    });
    try {
      for (let head = await peer.head(); head !== undefined; head = await peer.head()) {
        await this.#record(peer, head);
      }
    } catch {
      // A body that was cut is no request.
    }
    peer.finish();
  };

  async #record(peer: Peer, head: string): Promise<void> {
    const [first = '', ...fields] = head.split('\r\n');
    const length = fieldOf(head, 'content-length');
    const isChunked = fieldOf(head, 'transfer-encoding') !== undefined;
    const bytes = Number(length ?? 0);
    const body = isChunked ? await peer.chunks() : await peer.take(bytes);
    if (!isChunked && body.length < bytes) throw new Error('cut');
    this.requests.push({ first, fields, body: body.toString('latin1') });
    peer.write(first.startsWith('HEAD ') ? ok('fine').slice(0, -4) : ok('fine'));
  }
}
