import type { ErrorLog, ErrorLogConf, LogFile, LogLevel } from '../server/index.ts';

/** The most urgent one first: their numbers are those of syslog (RFC 5424 §6.2.1), too. */
export const LEVELS: readonly LogLevel[] = [
  'emerg',
  'alert',
  'crit',
  'error',
  'warn',
  'notice',
  'info',
  'debug',
];

const RANK: ReadonlyMap<LogLevel, number> = new Map(LEVELS.map((level, rank) => [level, rank]));

function rankOf(level: LogLevel): number {
  return RANK.get(level) ?? 0;
}

/** Lines of `2026/11/20 09:00:00 [error] 123#0: text`, to all logs that want them. */
export class FileErrorLog implements ErrorLog {
  readonly #outlets: readonly { readonly log: LogFile; readonly rank: number }[];
  readonly #rank: number;
  readonly #pid: number;

  /** `open`: the log of a path. */
  constructor(confs: readonly ErrorLogConf[], open: (path: string) => LogFile, pid: number) {
    this.#outlets = confs.map(({ path, level }) => ({ log: open(path), rank: rankOf(level) }));
    this.#rank = Math.max(-1, ...this.#outlets.map(({ rank }) => rank));
    this.#pid = pid;
  }

  takes(level: LogLevel): boolean {
    return rankOf(level) <= this.#rank;
  }

  write(level: LogLevel, text: string, always = false): void {
    const rank = rankOf(level);
    const line = `${logTime(new Date())} [${level}] ${this.#pid}#${this.#pid}: ${text}\n`;
    for (const outlet of this.#outlets)
      if (always || rank <= outlet.rank) outlet.log.write(line, level);
  }
}

/** `2026/11/20 09:00:00`, local time. */
function logTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
