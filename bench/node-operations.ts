import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { nodePort } from '../adapters/node/index.ts';
import type { Endpoint } from '../src/core/endpoint.ts';
import type { SocketId } from '../src/core/operation.ts';
import {
  acceptOperation,
  connectOperation,
  listenOperation,
  recvOperation,
  sendOperation,
} from '../src/core/operations.ts';
import type { Scenarios } from './scenarios.ts';

/** Round trips of one round: enough that the promise around them does not count. */
export const ROUND_TRIPS = 1000;
const MESSAGE = 'x'.repeat(100);
const LOCAL: Endpoint = { family: 'ipv4', address: '127.0.0.1', port: 0 };

type Round = () => Promise<void>;

/** Two receives and two sends for each round trip, over the adapter. */
async function overAdapter(): Promise<Round> {
  const port = nodePort();
  const listen = listenOperation(LOCAL, () => {});
  const bound = await new Promise<Endpoint>((resolve) => {
    listen.onComplete = () => resolve(listen.bound as Endpoint);
    port.submit(listen);
  });
  const [client, server] = await new Promise<[SocketId, SocketId]>((resolve) => {
    const accept = acceptOperation(listen.socket, () => resolve([dial.socket, accept.accepted]));
    const dial = connectOperation(bound, () => port.submit(accept));
    port.submit(dial);
  });
  let left = 0;
  let done = (): void => {};
  const ask = sendOperation(client, () => {});
  const answer = sendOperation(server, () => {});
  const asked = recvOperation(server, () => {
    answer.pieces[0] = MESSAGE;
    answer.count = 1;
    port.submit(answer);
    port.submit(asked);
  });
  const answered = recvOperation(client, () => {
    left -= 1;
    if (left === 0) done();
    else askAgain();
    port.submit(answered);
  });
  const askAgain = (): void => {
    ask.pieces[0] = MESSAGE;
    ask.count = 1;
    port.submit(ask);
  };
  port.submit(asked);
  port.submit(answered);
  return () =>
    new Promise((resolve) => {
      left = ROUND_TRIPS;
      done = resolve;
      askAgain();
    });
}

/** The same in plain node:net: what the platform itself costs and allocates. */
async function overNodeNet(): Promise<Round> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(MESSAGE, 'latin1'));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, LOCAL.address, resolve);
  });
  let left = 0;
  let done = (): void => {};
  const buffer = Buffer.allocUnsafe(65_536);
  const callback = (): boolean => {
    left -= 1;
    if (left === 0) done();
    else client.write(MESSAGE, 'latin1');
    return true;
  };
  const { port } = server.address() as AddressInfo;
  const client: Socket = connect({
    port,
    host: LOCAL.address,
    noDelay: true,
    onread: { buffer, callback },
  });
  await new Promise((resolve) => {
    client.once('connect', resolve);
  });
  return () =>
    new Promise((resolve) => {
      left = ROUND_TRIPS;
      done = resolve;
      client.write(MESSAGE, 'latin1');
    });
}

/** Sockets are opened by the first round, so that a group that is not wanted opens none. */
function lazily(open: () => Promise<Round>): Round {
  let opened: Promise<Round> | undefined;
  return async () => {
    opened ??= open();
    await (await opened)();
  };
}

export const roundTrips: Round = lazily(overAdapter);
export const plainRoundTrips: Round = lazily(overNodeNet);

export const nodeOperations: Scenarios = {
  [`node: ${ROUND_TRIPS} round trips, 2 sends and 2 receives each`]: roundTrips,
  [`plain node:net: ${ROUND_TRIPS} round trips`]: plainRoundTrips,
};
