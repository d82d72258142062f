/** What the servers may say in a random run. */
export type ModelEnd =
  | { readonly kind: 'records' | 'nodata' | 'nxdomain'; readonly ttl: number | undefined }
  | { readonly kind: 'failure' };

/** What a caller is told: its kind, where it comes from, and until when it holds. */
export type ModelFound = {
  readonly kind: string;
  readonly source?: string;
  readonly untilMs?: number;
};

type Kept = { kind: 'records' | 'nodata' | 'nxdomain'; untilMs: number };
type Failed = { atMs: number; backoffMs: number; isAnswer: boolean };
type Call = {
  id: number;
  key: string;
  atMs: number;
  deadlineMs: number;
  refresh: boolean;
  dueMs: number;
};
type Question = { startedMs: number; goesOn: boolean };

const DAY_MS = 86_400_000;

/**
 * The cache as plainly as it can be said: a map from name and type to what is known, and a list of
 * callers that is searched. `told` holds what each caller was told, by its number, and when.
 */
export class RecordModel {
  nowMs = 0;
  readonly kept: Map<string, Kept> = new Map();
  readonly failed: Map<string, Failed> = new Map();
  readonly questions: Map<string, Question> = new Map();
  readonly told: Map<number, ModelFound & { atMs: number }> = new Map();
  calls: Call[] = [];

  call(id: number, name: string, type: number, ms: number, refresh: boolean): void {
    const { nowMs } = this;
    const key = `${name} ${type}`;
    const known = refresh ? undefined : this.#known(name, type);
    if (known !== undefined) {
      this.told.set(id, { ...known, atMs: nowMs });
      return;
    }
    const question = this.questions.get(key) ?? { startedMs: nowMs, goesOn: false };
    this.questions.set(key, question);
    const deadlineMs = nowMs + ms;
    const staleMs = Math.min(question.startedMs + 1_800, nowMs + ms * 0.75);
    const dueMs = !refresh && this.#stale(key) !== undefined ? staleMs : deadlineMs;
    this.calls.push({ id, key, atMs: nowMs, deadlineMs, refresh, dueMs });
  }

  cancel(id: number): void {
    const call = this.calls.find((one) => one.id === id);
    if (call !== undefined) this.#remove(call);
  }

  /** A millisecond passes. */
  tick(): void {
    this.nowMs += 1;
    this.runDue();
  }

  runDue(): void {
    for (const call of this.calls.filter(({ dueMs }) => dueMs <= this.nowMs)) {
      const stale = call.refresh ? undefined : this.#stale(call.key);
      if (stale !== undefined) {
        const question = this.questions.get(call.key);
        if (question !== undefined) question.goesOn = true;
        this.#tell(call, stale);
      } else if (call.deadlineMs <= this.nowMs) {
        this.#tell(call, { kind: 'ETIMEOUT' });
      } else {
        call.dueMs = call.deadlineMs;
      }
    }
  }

  answer(name: string, type: number, end: ModelEnd): void {
    const key = `${name} ${type}`;
    this.questions.delete(key);
    const callers = this.calls.filter((call) => call.key === key);
    const found = end.kind === 'failure' ? undefined : this.#keep(name, type, end);
    if (found === undefined) this.#fail(key, false);
    for (const call of callers) {
      const stale = found === undefined && !call.refresh ? this.#stale(key) : undefined;
      this.#tell(call, found ?? stale ?? { kind: 'ESERVFAIL' });
    }
  }

  flush(name: string): void {
    for (const key of [...this.kept.keys(), ...this.failed.keys()]) {
      if (key.startsWith(`${name} `)) {
        this.kept.delete(key);
        this.failed.delete(key);
      }
    }
  }

  #known(name: string, type: number): ModelFound | undefined {
    for (const key of [`${name} ${type}`, `${name} *`]) {
      const kept = this.kept.get(key);
      if (kept !== undefined && this.nowMs < kept.untilMs) return { ...kept, source: 'cache' };
    }
    const key = `${name} ${type}`;
    const failed = this.failed.get(key);
    if (failed === undefined || failed.isAnswer) return undefined;
    const stale = this.#stale(key);
    if (stale !== undefined) return this.nowMs < failed.atMs + 30_000 ? stale : undefined;
    return this.nowMs < failed.atMs + failed.backoffMs ? { kind: 'ESERVFAIL' } : undefined;
  }

  #stale(key: string): ModelFound | undefined {
    const kept = this.kept.get(key);
    if (kept?.kind !== 'records' || this.nowMs >= kept.untilMs + DAY_MS) return undefined;
    return { kind: 'records', source: 'stale', untilMs: this.nowMs + 30_000 };
  }

  #keep(name: string, type: number, end: Exclude<ModelEnd, { kind: 'failure' }>): ModelFound {
    const { kind, ttl } = end;
    const key = `${name} ${type}`;
    const others = [...this.kept].filter(
      ([other, { kind, untilMs }]) =>
        other !== key && other.startsWith(`${name} `) && kind === 'records' && this.nowMs < untilMs,
    );
    const place = kind === 'nxdomain' && others.length === 0 ? `${name} *` : key;
    const known = this.failed.get(place);
    for (const other of [...this.kept.keys(), ...this.failed.keys()]) {
      const goes = place === key ? `${name} *` === other : other.startsWith(`${name} `);
      if (!goes) continue;
      this.kept.delete(other);
      this.failed.delete(other);
    }
    if (known !== undefined) this.failed.set(place, known);
    if (ttl === undefined) this.#fail(place, true);
    else this.failed.delete(place);
    const cappedMs = Math.min((ttl ?? 0) * 1_000, kind === 'records' ? DAY_MS : 900_000);
    const ms = ttl === undefined ? (this.failed.get(place)?.backoffMs ?? 0) : cappedMs;
    if (ms === 0) this.kept.delete(place);
    else this.kept.set(place, { kind, untilMs: this.nowMs + ms });
    return { kind, source: 'network', untilMs: this.nowMs + ms };
  }

  #fail(key: string, isAnswer: boolean): void {
    const last = this.failed.get(key);
    const repeats = last !== undefined && this.nowMs < last.atMs + last.backoffMs + 30_000;
    const backoffMs = Math.min(repeats ? last.backoffMs * 2 : 1_000, 5_000);
    this.failed.set(key, { atMs: this.nowMs, backoffMs, isAnswer });
  }

  #tell(call: Call, found: ModelFound): void {
    this.#remove(call);
    this.told.set(call.id, { ...found, atMs: this.nowMs });
  }

  /** The last one to leave takes the question along, unless somebody was given stale records. */
  #remove(call: Call): void {
    this.calls = this.calls.filter((one) => one !== call);
    if (this.calls.some(({ key }) => key === call.key)) return;
    if (this.questions.get(call.key)?.goesOn === false) this.questions.delete(call.key);
  }
}
