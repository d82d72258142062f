import assert from 'node:assert/strict';
import type { Endpoint } from '../../src/core/endpoint.ts';
import type {
  CloseOperation,
  Outcome,
  SocketId,
  SocketOperation,
} from '../../src/core/operation.ts';
import * as make from '../../src/core/operations.ts';
import {
  type Attempt,
  type Direction,
  makeWatch,
  type ReactorPort,
  type Watch,
} from '../../src/core/reactor.ts';
import type { Site } from './fixture.ts';
import type { Pair } from './kit.ts';

/** More reports than this for one operation mean a program that spins. */
const ATTEMPTS_MAX = 5_000;

/** A wait that counts its reports. */
export type Counted = { readonly watch: Watch; reports: number };

/** What rules for the reactor's face are written with. Every attempt is checked. */
export class ReactorKit {
  readonly site: Site<ReactorPort>;
  readonly port: ReactorPort;
  readonly breaches: string[] = [];
  #inCall = false;

  constructor(site: Site<ReactorPort>) {
    this.site = site;
    this.port = site.port;
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const { loop } = this.port;
    const endMs = loop.nowMs() + this.site.patienceMs;
    while (!holds()) {
      const more = await this.site.step();
      if (holds()) return;
      if (!more) assert.fail(`nothing is left to happen, but ${what} is awaited`);
      if (loop.nowMs() > endMs) assert.fail(`waited in vain for ${what}`);
    }
  }

  async settle(): Promise<void> {
    await this.site.elapse(this.site.settleMs);
  }

  /** For factories of operations: an attempt never calls back. */
  readonly unwanted = ({ kind }: SocketOperation): void => {
    this.breaches.push(`${kind}: an attempt called back`);
  };

  attempt(operation: SocketOperation): Attempt {
    this.#inCall = true;
    const attempt = this.port.attempt(operation);
    this.#inCall = false;
    const { kind, status } = operation;
    const over = status !== 'idle' && status !== 'pending';
    if (attempt === 'completed' && !over) this.breaches.push(`${kind}: completed as ${status}`);
    if (attempt !== 'completed' && status !== 'idle') {
      this.breaches.push(`${kind}: would block, and is ${status}`);
    }
    return attempt;
  }

  wait(direction: Direction, socket: SocketId): Counted {
    const watch = makeWatch(direction, () => {
      if (this.#inCall) this.breaches.push(`wait(${direction}): reported inside a call`);
      if (watch.waiting) this.breaches.push(`wait(${direction}): reported while it waits`);
      counted.reports += 1;
    });
    const counted = { watch, reports: 0 };
    watch.socket = socket;
    this.again(counted);
    return counted;
  }

  /** Waits once more with the same watch. */
  again({ watch }: Counted): void {
    this.#inCall = true;
    this.port.wait(watch);
    this.#inCall = false;
  }

  async reported(counted: Counted, reports = 1): Promise<void> {
    const { direction } = counted.watch;
    await this.until(() => counted.reports >= reports, `report ${reports} of wait(${direction})`);
    assert.equal(counted.reports, reports, 'one report per wait');
  }

  /** Attempts and waits in turn, as a program does, until `operation` has ended. */
  async ended<Kind extends SocketOperation>(operation: Kind): Promise<Kind> {
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts += 1) {
      const attempt = this.attempt(operation);
      if (attempt === 'completed') return operation;
      await this.reported(this.wait(attempt, operation.socket));
    }
    return assert.fail(
      `${operation.kind} would block ${ATTEMPTS_MAX} times, after as many reports`,
    );
  }

  async ends<Kind extends SocketOperation>(operation: Kind, ...outcomes: Outcome[]): Promise<Kind> {
    const { kind, status, fault } = await this.ended(operation);
    assert.ok(outcomes.includes(status as Outcome), `${kind} ended as ${status} (${fault?.code})`);
    return operation;
  }

  async pair(): Promise<Pair> {
    const listen = make.listenOperation(this.site.loopback('ipv4'), this.unwanted);
    await this.ends(listen, 'done');
    const bound = listen.bound as Endpoint;
    const connect = await this.ends(make.connectOperation(bound, this.unwanted), 'done');
    const accept = await this.ends(make.acceptOperation(listen.socket, this.unwanted), 'done');
    return { listener: listen.socket, bound, client: connect.socket, server: accept.accepted };
  }

  async say(socket: SocketId, text: string): Promise<void> {
    const send = make.sendOperation(socket, this.unwanted);
    await this.ends(Object.assign(send, { pieces: [text], count: 1 }), 'done');
  }

  /** Receives `bytes` bytes, all of them. */
  async hear(socket: SocketId, bytes: number): Promise<Buffer> {
    const all = Buffer.alloc(bytes);
    const recv = make.recvOperation(socket, this.unwanted);
    for (let at = 0; at < bytes; at += recv.bytes) {
      recv.into = [all.subarray(at)];
      await this.ends(Object.assign(recv, { status: 'idle' }), 'done');
    }
    return all;
  }

  async close(socket: SocketId, how: CloseOperation['how']): Promise<CloseOperation> {
    const close = make.closeOperation(socket, this.unwanted);
    return this.ended(Object.assign(close, { how }));
  }
}
