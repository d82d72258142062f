import { HEAD_LIMITS, HEAD_RULES, type HeadLimits, type HeadRules } from './head-limits.ts';
import { HeadParser } from './head-parser.ts';

const IDLE_MAX = 1024;

/** Parsers between heads: an idle connection has none, and the one used last is used next. */
export class ParserPool {
  readonly #kind: 'request' | 'response';
  readonly #limits: HeadLimits;
  readonly rules: HeadRules;
  readonly #idle: HeadParser[] = [];
  /** Parsers that are in use at this moment: 0 when nothing leaks. */
  lent = 0;

  constructor(
    kind: 'request' | 'response',
    limits: HeadLimits = HEAD_LIMITS,
    rules: HeadRules = HEAD_RULES,
  ) {
    this.#kind = kind;
    this.#limits = limits;
    this.rules = rules;
  }

  take(): HeadParser {
    this.lent += 1;
    return this.#idle.pop() ?? new HeadParser(this.#kind, this.#limits, this.rules);
  }

  give(parser: HeadParser): void {
    this.lent -= 1;
    parser.reset();
    if (this.#idle.length < IDLE_MAX) this.#idle.push(parser);
  }
}
