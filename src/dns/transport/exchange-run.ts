import type { Due } from '../../core/deadline-queue.ts';
import { isBareFormerr } from '../wire/read-reply.ts';
import type { DropReason, Settled } from '../wire/reply.ts';
import { type Attempt, type AttemptOwner, without } from './attempt.ts';
import type { Exchange, Failure, Question } from './exchange.ts';
import { codeOf, FailureNotes, failureSoFar, type Telling } from './failure.ts';
import { makeAttempt } from './make-attempt.ts';
import { mayBeAboutOpt, readFor } from './reading.ts';
import type { RunHost } from './run-host.ts';
import { CASE_DROPS_MAX, rcodeText, type Server } from './server.ts';
import { BUSY, type Course } from './servers.ts';

const NOERROR = 0;
const NXDOMAIN = 3;
const REFUSED = 5;

/**
 * One question, asked until there is an answer, or nobody is left to ask.
 *
 *   go → attempt ──silence, error──► next server, next round … ──► exhausted ──► failure
 *           └──────── a valid answer to any attempt that is open ──────────────► answer
 *
 * An attempt that fell silent stays open: its answer may still come. One that met an error makes
 * way for the next at once.
 */
export class ExchangeRun implements Exchange, AttemptOwner, Course, Due {
  dueMs = 0;
  dueIndex = -1;
  dueOrder = 0;
  asked = 0;
  round = 1;
  era = -1;
  /** `waiting`: for room. */
  phase: 'new' | 'waiting' | 'asking' | 'exhausted' | 'over' = 'new';
  /** It counts among those under way. */
  running = false;
  readonly deadlineMs: number;
  /** The only server to ask, once: this is a copy of a question, for which nobody waits. */
  readonly pinned: Server | undefined;
  readonly question: Question;
  readonly #host: RunHost;
  readonly #onEnd: (end: Settled | Failure) => void;
  /** The latest attempt: its error, or its silence, starts the next one. */
  #current: Attempt | undefined;
  /** Those that may still be answered, the latest first. */
  #open: Attempt | undefined;
  #notes: FailureNotes | undefined;
  #end: Settled | Failure | undefined;

  constructor(
    host: RunHost,
    question: Question,
    deadlineMs: number,
    onEnd: (end: Settled | Failure) => void,
    pinned?: Server,
  ) {
    this.#host = host;
    this.question = question;
    this.deadlineMs = deadlineMs;
    this.#onEnd = onEnd;
    this.pinned = pinned;
  }

  /** Asks the next server; waits where none has room. */
  go(nowMs: number): void {
    const first = this.phase === 'new' || this.phase === 'waiting';
    const server = this.#host.servers.next(this, nowMs);
    if (server === BUSY) {
      this.phase = 'waiting';
      this.#current = undefined;
      this.#host.schedule(this, this.deadlineMs);
      this.#host.wait(this);
      return;
    }
    if (server === undefined) {
      this.phase = 'exhausted';
      this.#current = undefined;
      this.#awaitRest(nowMs);
      return;
    }
    this.phase = 'asking';
    this.#attempt(server, server.address.transport, server.usesOpt(nowMs), nowMs);
    if (first && this.pinned === undefined) {
      const failed = this.#host.servers.toProbe(server, nowMs);
      if (failed !== undefined) this.#host.probe(this.question, failed);
    }
  }

  cancel(): void {
    if (this.phase === 'over') return;
    const nowMs = this.#host.nowMs();
    this.#current?.givenUp(nowMs, this.#host.settings.minMs);
    this.#finish(undefined);
  }

  soFar(): Failure {
    return failureSoFar(this.#notes, this.#open, this.#host.nowMs());
  }

  /** Ends it as cancelled; the caller is told soon. */
  close(): void {
    if (this.phase === 'over') return;
    const server = this.#open?.server?.text;
    this.refuse({ kind: 'failure', code: 'ECANCELLED', server, attempts: [] });
  }

  /** Ends it without asking, any more or at all. */
  refuse(failure: Failure): void {
    this.#finish(failure);
    this.#host.tellSoon(this);
  }

  /** Hands over how it ended. */
  tell(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end !== undefined) this.#onEnd(end);
  }

  // What comes.

  replied(attempt: Attempt, message: Uint8Array, cut: boolean): boolean {
    const server = attempt.server as Server;
    const { name } = this.question;
    const reply = readFor(attempt, name, message, cut, this.#host.turnMs());
    switch (reply.kind) {
      case 'drop':
        this.#dropped(attempt, reply.reason, message);
        return false;
      case 'truncated':
        this.#truncated(attempt, server);
        return true;
      case 'rcode':
        this.#refused(attempt, server, reply.rcode);
        return true;
      default:
        server.count(reply.kind === 'nxdomain' ? NXDOMAIN : NOERROR);
        this.#answered(attempt, server, reply);
        return true;
    }
  }

  unreachable(attempt: Attempt, code: string): void {
    const server = attempt.server as Server;
    const nowMs = this.#host.nowMs();
    attempt.outcome = code;
    attempt.timeoutMs = nowMs;
    server.health.failed(attempt.sentMs, nowMs);
    this.#hurry(attempt, nowMs);
  }

  lost(attempt: Attempt, outcome: string, local: boolean): void {
    const nowMs = this.#host.nowMs();
    if (!local) (attempt.server as Server).health.failed(attempt.sentMs, nowMs);
    const wasCurrent = attempt === this.#current;
    this.#close(attempt, outcome, codeOf(outcome), nowMs);
    this.#goOn(wasCurrent, nowMs);
  }

  /** Called at the time that was scheduled. */
  onTime(nowMs: number): void {
    if (this.phase === 'over') return;
    const current = this.#current;
    if (nowMs >= this.deadlineMs) {
      current?.givenUp(nowMs, this.#host.settings.minMs);
      this.#fail(nowMs);
    } else if (this.phase === 'exhausted') this.#awaitRest(nowMs);
    else if (current !== undefined && nowMs >= current.timeoutMs) {
      current.timedOut(nowMs);
      this.go(nowMs);
    } else this.#host.schedule(this, current?.timeoutMs ?? this.deadlineMs);
  }

  // What to make of it.

  #answered(attempt: Attempt, server: Server, reply: Settled): void {
    const nowMs = this.#host.turnMs();
    if (attempt.transport === 'udp') {
      server.health.answered(attempt.sentMs, nowMs);
      if (attempt.exactCase) server.caseDrops = 0;
    } else server.health.restored(nowMs);
    if (attempt.triesPlain) server.plainWorked(nowMs);
    const overTcp = attempt.transport === 'tcp';
    this.#finish(reply);
    // The frames of a stream are not to be left alone by what a caller throws.
    if (overTcp) this.#host.tellSoon(this);
    else this.tell();
  }

  #dropped(attempt: Attempt, reason: DropReason, message: Uint8Array): void {
    const server = attempt.server as Server;
    this.#host.drops[reason] += 1;
    if (reason === 'case') {
      server.caseDrops += 1;
      if (server.caseDrops < CASE_DROPS_MAX || attempt.hurried) return;
      attempt.hurried = true;
      const nowMs = this.#host.nowMs();
      this.#attempt(server, 'tcp', attempt.hadOpt, nowMs);
    } else if (reason === 'question' && attempt.hadOpt && isBareFormerr(message)) {
      server.doubtsOpt = true;
    } else if (reason === 'parse' || reason === 'owner') {
      const nowMs = this.#host.nowMs();
      attempt.outcome = `invalid: ${reason}`;
      server.health.failed(attempt.sentMs, nowMs);
      this.#hurry(attempt, nowMs);
    }
  }

  #truncated(attempt: Attempt, server: Server): void {
    const nowMs = this.#host.nowMs();
    const wasCurrent = attempt === this.#current;
    const overUdp = attempt.transport === 'udp';
    const { hadOpt } = attempt;
    if (overUdp) server.health.answered(attempt.sentMs, nowMs);
    else server.health.failed(attempt.sentMs, nowMs);
    if (attempt.triesPlain) server.plainWorked(nowMs);
    this.#close(attempt, 'truncated', 'ESERVFAIL', nowMs);
    if (overUdp) this.#attempt(server, 'tcp', hadOpt, nowMs);
    else this.#goOn(wasCurrent, nowMs);
  }

  #refused(attempt: Attempt, server: Server, rcode: number): void {
    const nowMs = this.#host.nowMs();
    const wasCurrent = attempt === this.#current;
    const { hadOpt, transport, triesPlain, sentMs } = attempt;
    server.count(rcode);
    const aboutOpt = mayBeAboutOpt(rcode);
    this.#close(attempt, rcodeText(rcode), rcode === REFUSED ? 'EREFUSED' : 'ESERVFAIL', nowMs);
    if (aboutOpt && hadOpt) {
      this.#attempt(server, transport, false, nowMs);
      return;
    }
    if (triesPlain && !aboutOpt) server.plainWorked(nowMs);
    server.health.failed(sentMs, nowMs);
    this.#goOn(wasCurrent, nowMs);
  }

  /** The attempt stays open, and the next one begins: once. */
  #hurry(attempt: Attempt, nowMs: number): void {
    if (attempt.hurried) return;
    attempt.hurried = true;
    this.#goOn(attempt === this.#current, nowMs);
  }

  #goOn(wasCurrent: boolean, nowMs: number): void {
    if (wasCurrent) this.go(nowMs);
    else if (this.phase === 'exhausted') this.#awaitRest(nowMs);
  }

  /** All have been asked: waits for those that are not known to be silent. */
  #awaitRest(nowMs: number): void {
    let untilMs = nowMs;
    for (let one = this.#open; one !== undefined; one = one.nextOpen) {
      if (one.timeoutMs > untilMs) untilMs = one.timeoutMs;
    }
    if (untilMs > nowMs) this.#host.schedule(this, Math.min(untilMs, this.deadlineMs));
    else this.#fail(nowMs);
  }

  // Attempts.

  #attempt(server: Server, transport: 'udp' | 'tcp', opt: boolean, nowMs: number): void {
    const attempt = makeAttempt(this.#host, this, server, opt, nowMs);
    attempt.transport = transport;
    attempt.nextOpen = this.#open;
    this.#open = attempt;
    this.#current = attempt;
    this.#host.schedule(this, Math.min(attempt.timeoutMs, this.deadlineMs));
    if (transport === 'udp') server.pool.send(attempt, nowMs);
    else if (!server.tcp.ask(attempt)) this.lost(attempt, 'limit', true);
  }

  /** The attempt is over, without an answer. */
  #close(attempt: Attempt, outcome: string, code: Telling, nowMs: number): void {
    this.#notes ??= new FailureNotes();
    this.#notes.add(attempt.record(outcome, nowMs), code);
    if (this.#current === attempt) this.#current = undefined;
    this.#open = without(attempt, this.#open);
    attempt.release();
  }

  #fail(nowMs: number): void {
    this.#finish(failureSoFar(this.#notes, this.#open, nowMs));
    this.#host.tellSoon(this);
  }

  #finish(end: Settled | Failure | undefined): void {
    this.phase = 'over';
    this.#end = end;
    for (let one = this.#open; one !== undefined; ) {
      const next: Attempt | undefined = one.nextOpen;
      one.release();
      one = next;
    }
    this.#open = undefined;
    this.#current = undefined;
    this.#host.over(this);
  }
}
