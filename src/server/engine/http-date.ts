import { isoTime, localTime } from './log-time.ts';

/** The time as HTTP writes it (RFC 9110 §5.6.7), and as logs do; each text is made once a second. */
export class HttpClock {
  readonly #wallMs: () => number;
  readonly #date: SecondText;
  readonly #local: SecondText;
  readonly #iso8601: SecondText;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
    this.#date = new SecondText((second) => `Date: ${httpDate(second)}\r\n`);
    this.#local = new SecondText((second) => localTime(new Date(second * 1000)));
    this.#iso8601 = new SecondText((second) => isoTime(new Date(second * 1000)));
  }

  /** Milliseconds since 1970. */
  wallMs(): number {
    return this.#wallMs();
  }

  /** `Date: Fri, 20 Nov 2026 09:00:00 GMT` as a line. */
  get dateLine(): string {
    return this.#date.at(this.#wallMs());
  }

  /** `20/Nov/2026:09:00:00 +0100`. */
  get local(): string {
    return this.#local.at(this.#wallMs());
  }

  /** `2026-11-20T09:00:00+01:00`. */
  get iso8601(): string {
    return this.#iso8601.at(this.#wallMs());
  }
}

/** What a second is written as: the text of the last one that was asked for is kept. */
class SecondText {
  readonly #write: (second: number) => string;
  #second = -1;
  #text = '';

  constructor(write: (second: number) => string) {
    this.#write = write;
  }

  at(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = this.#write(second);
    }
    return this.#text;
  }
}

/** Times whose texts are kept: files are asked for again and again. */
const KEPT = 256;
const keptSeconds = new Float64Array(KEPT).fill(Number.NaN);
const keptTexts: string[] = new Array<string>(KEPT).fill('');

/** `seconds` since 1970 as HTTP writes it. */
export function httpDate(seconds: number): string {
  const at = seconds & (KEPT - 1);
  if (keptSeconds[at] !== seconds) {
    keptSeconds[at] = seconds;
    keptTexts[at] = new Date(seconds * 1000).toUTCString();
  }
  return keptTexts[at] as string;
}

/** Seconds since 1970 of an HTTP date in any of its three forms (RFC 9110 §5.6.7). */
export function parseHttpDate(text: string): number | undefined {
  const parsed = FORMS.some((form) => form.test(text)) ? Date.parse(withZone(text)) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : Math.floor(parsed / 1000);
}

const FORMS = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(?: GMT)?$/,
  /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2}(?: GMT)?$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

function withZone(text: string): string {
  return text.endsWith('GMT') ? text : `${text} GMT`;
}
