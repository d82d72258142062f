import type { Socket } from 'node:net';
import { reset } from '../../../adapters/node/node-socket.ts';
import { BodyReader } from '../../http/body-reader.ts';
import { HeadParser } from '../../http/head-parser.ts';
import { HttpError } from '../../http/http-error.ts';
import type { Framing, MessageHead } from '../../http/message-head.ts';
import { readResponse } from '../../http/read-head.ts';
import { hungUp, nodeError } from './node-error.ts';

/** Interim responses before the answer; more are an attack or a mistake. */
const INTERIM_MAX = 10;

/** Who waits for the answer to an upgrade. */
export type Answered = {
  /** The head, valid within the call, and what came behind it. The socket is paused. */
  head(head: MessageHead, behind: Buffer): void;
  failed(error: NodeJS.ErrnoException): void;
};

/** Reads the head of the answer to an upgrade, strictly, and leaves the rest to others. */
export function readAnswer(socket: Socket, timeoutMs: number, answered: Answered): void {
  const parser = new HeadParser('response');
  let received: Buffer = Buffer.alloc(0);
  let interim = 0;
  const stop = () => {
    socket.off('data', onData).off('error', fail).off('end', onEnd).off('close', onEnd);
    socket.setTimeout(0).off('timeout', onTimeout);
  };
  const fail = (error: NodeJS.ErrnoException) => {
    stop();
    answered.failed(error);
  };
  const onEnd = () => fail(hungUp());
  const onTimeout = () => fail(nodeError({ kind: 'timeout', direction: 'read' }));
  const onData = (data: Buffer) => {
    // Bounded by the parser's limit of a head.
    received = received.length === 0 ? data : Buffer.concat([received, data]);
    try {
      while (parser.parse(received, 0, received.length)) {
        readResponse(parser.head, false);
        const behind = received.subarray(parser.at);
        if (parser.head.status === 101 || parser.head.status >= 200) {
          stop();
          socket.pause();
          answered.head(parser.head, behind);
          return;
        }
        interim += 1;
        if (interim > INTERIM_MAX) throw new HttpError('TOO_MANY_INTERIM', `over ${INTERIM_MAX}`);
        received = behind;
        parser.reset();
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      fail(nodeError({ kind: 'protocol', error }));
    }
  };
  socket.on('data', onData).on('error', fail).on('end', onEnd).on('close', onEnd);
  socket.on('timeout', onTimeout).setTimeout(timeoutMs);
}

/** Passes on the body of an answer that is no upgrade, and ends `client` with it. */
export function relayBody(
  upstream: Socket,
  client: Socket,
  framing: Framing,
  contentLength: number,
  behind: Buffer,
): void {
  const body = new BodyReader({
    bodyBytes(data, from, to) {
      // A copy, as the view may be lent. Written in one go, and read on when it is gone.
      const room = client.write(Buffer.from(data.subarray(from, to)));
      if (!room) upstream.pause();
    },
  });
  const end = () => {
    upstream.destroy();
    client.end();
  };
  const cut = () => {
    upstream.destroy();
    reset(client); // What is missing must be seen, also where the end frames it.
  };
  const take = (data: Buffer) => {
    try {
      body.read(data, 0, data.length, false);
    } catch {
      cut();
      return;
    }
    if (body.done) end();
  };
  body.start(framing, contentLength);
  if (body.done) {
    end();
    return;
  }
  client.on('drain', () => upstream.resume()).once('close', () => upstream.destroy());
  upstream
    .on('data', take)
    .on('error', cut)
    .on('end', () => {
      if (body.endsHere()) end();
      else cut();
    });
  if (behind.length > 0) take(behind);
  upstream.resume();
}
