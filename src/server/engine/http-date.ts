/** A time as HTTP writes it (RFC 9110 §5.6.7), and as logs do; made once a second. */
export class HttpClock {
  readonly #wallMs: () => number;
  #second = -1;
  #line = '';

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** Milliseconds since 1970. */
  wallMs(): number {
    return this.#wallMs();
  }

  /** `Date: Fri, 20 Nov 2026 09:00:00 GMT` as a line. */
  get dateLine(): string {
    const second = Math.floor(this.#wallMs() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#line = `Date: ${httpDate(second)}\r\n`;
    }
    return this.#line;
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
