import type { Endpoint } from '../../core/endpoint.ts';
import type { SocketId, UdpSendOperation } from '../../core/operation.ts';
import { udpSendOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';

/** Datagrams of one session that may be on their way to the kernel; more are dropped, as UDP does. */
export const SENDS_MAX: number = 64;
/** The same for a socket that many sessions share: what one turn may bring. */
export const SHARED_SENDS_MAX: number = 1024;
/** Room of a buffer: larger datagrams get one of their own size. */
const ROOM_MIN = 512;

type Sending = { readonly operation: UdpSendOperation; room: Uint8Array };

/** Sends copies of datagrams on one socket. */
export class DatagramSender {
  readonly #port: ProactorPort;
  readonly #socket: SocketId;
  readonly #idle: Sending[] = [];
  readonly #max: number;
  #made = 0;
  /** Told of each that did not go out. */
  readonly #onFault: ((operation: UdpSendOperation) => void) | undefined;

  constructor(
    port: ProactorPort,
    socket: SocketId,
    max: number,
    onFault?: (operation: UdpSendOperation) => void,
  ) {
    this.#port = port;
    this.#socket = socket;
    this.#max = max;
    this.#onFault = onFault;
  }

  /** `false`: too many are on their way; nothing was sent. */
  send(data: Uint8Array, to: Endpoint | undefined): boolean {
    const sending = this.#idle.pop() ?? this.#make();
    if (sending === undefined) return false;
    if (sending.room.length < data.length) sending.room = new Uint8Array(data.length);
    sending.room.set(data);
    const { operation } = sending;
    operation.data = sending.room.subarray(0, data.length);
    operation.to = to;
    this.#port.submit(operation);
    return true;
  }

  #make(): Sending | undefined {
    if (this.#made === this.#max) return undefined;
    this.#made += 1;
    const operation = udpSendOperation(this.#socket, () => {
      this.#idle.push(sending);
      const { status } = operation;
      if (status !== 'done' && status !== 'cancelled') this.#onFault?.(operation);
    });
    const sending: Sending = { operation, room: new Uint8Array(ROOM_MIN) };
    return sending;
  }
}
