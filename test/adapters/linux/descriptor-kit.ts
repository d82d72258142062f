import type { PassedDescriptor } from '../../../adapters/linux/descriptor-message.ts';
import type { DescriptorPassing } from '../../../adapters/linux/descriptor-passing.ts';
import type { Operation, SocketId, SocketKind } from '../../../src/core/operation.ts';
import * as make from '../../../src/core/operations.ts';
import type { ProactorPort } from '../../../src/core/proactor.ts';

const NOTHING = (): void => {};
const PATIENCE_MS = 5_000;

/** Submits, and waits for the end, which must be `done`. */
export async function done<Kind extends Operation>(
  port: ProactorPort,
  operation: Kind,
): Promise<Kind> {
  operation.deadlineMs = port.loop.nowMs() + PATIENCE_MS;
  await new Promise<void>((resolve) => {
    operation.onComplete = () => resolve();
    port.submit(operation);
  });
  if (operation.status === 'done') return operation;
  const { kind, status, fault } = operation;
  throw new Error(`${kind} ended as ${status} (${fault?.code} ${fault?.native.code})`);
}

export async function detach(port: ProactorPort, socket: SocketId): Promise<number> {
  const close = Object.assign(make.closeOperation(socket, NOTHING), { how: 'detach' as const });
  return (await done(port, close)).descriptor;
}

export async function adopt(
  port: ProactorPort,
  descriptor: number,
  as: SocketKind,
  balance: 'none' | 'exclusive' = 'none',
): Promise<SocketId> {
  const operation = Object.assign(make.adoptOperation(descriptor, as, NOTHING), { balance });
  return (await done(port, operation)).socket;
}

export async function accept(port: ProactorPort, listener: SocketId): Promise<SocketId> {
  return (await done(port, make.acceptOperation(listener, NOTHING))).accepted;
}

/** Receives `bytes` bytes, as text. */
export async function hear(port: ProactorPort, socket: SocketId, bytes: number): Promise<string> {
  const into = [Buffer.alloc(bytes)];
  const recv = Object.assign(make.recvOperation(socket, NOTHING), { into, minBytes: bytes });
  await done(port, recv);
  return String(into[0]);
}

export async function say(port: ProactorPort, socket: SocketId, text: string): Promise<void> {
  const send = make.sendOperation(socket, NOTHING);
  await done(port, Object.assign(send, { pieces: [text], count: 1 }));
}

export function closed(port: Pick<ProactorPort, 'close'>): Promise<void> {
  return new Promise((resolve) => port.close(resolve));
}

/** The next message of a channel: a port waits for it, on a duplicate. */
export async function nextDescriptors(
  port: ProactorPort,
  passing: DescriptorPassing,
  channel: number,
): Promise<readonly PassedDescriptor[]> {
  const duplicate = passing.duplicate(channel);
  if (typeof duplicate !== 'number') throw new Error(duplicate.code);
  const socket = await adopt(port, duplicate, 'stream');
  await done(port, make.peekOperation(socket, NOTHING));
  const answer = passing.receive(channel);
  await done(port, Object.assign(make.closeOperation(socket, NOTHING), { how: 'reset' as const }));
  if (answer.status !== 'done') throw new Error(answer.status);
  return answer.descriptors;
}
