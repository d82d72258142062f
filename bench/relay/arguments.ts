import { parseArgs } from 'node:util';

/** What one run of the harness measures; durations in seconds. */
export type Options = {
  /** Names to measure, in this order. Empty means every known one. */
  readonly contestants: readonly string[];
  readonly scenarios: readonly string[];
  readonly pairs: number;
  readonly durationS: number;
  readonly warmupS: number;
  /** The relay alone on cpu 0, both ends together on cpu 1. */
  readonly pin: boolean;
  readonly jsonFile: string | undefined;
  /** The contestant whose system calls are counted; nothing else is measured then. */
  readonly strace: string | undefined;
  /** After this the run is given up and cleaned away. */
  readonly timeoutS: number | undefined;
};

export const USAGE: string = `node dist/bench/relay/main.js [options]      (from the root of the repository; Linux)
  --contestants A,B   which relays, default: all; sluice@ADAPTER names one of ours
  --scenarios A,B     bulk1, bulk8, pingpong; default: all
  --pairs N           runs of the contestant, each paired with one of nginx's stream module, default 4
  --duration S        seconds of one run, default 3
  --warmup S          seconds before the first pair, default 1
  --no-pin            let the system place the processes; default: relay on cpu 0, load on cpu 1
  --json FILE         every raw run as JSON
  --strace NAME       count NAME's system calls beside nginx's, in one scenario (default bulk1)
  --timeout S         give up after this; default: twice what the plan needs, and a minute`;

const OPTIONS = {
  contestants: { type: 'string', default: '' },
  scenarios: { type: 'string', default: '' },
  pairs: { type: 'string', default: '4' },
  duration: { type: 'string', default: '3' },
  warmup: { type: 'string', default: '1' },
  'no-pin': { type: 'boolean', default: false },
  json: { type: 'string' },
  strace: { type: 'string' },
  timeout: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line. Undefined when help was asked for; throws a plain sentence on a mistake. */
export function readArguments(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return undefined;
  return {
    contestants: list(values.contestants),
    scenarios: list(values.scenarios),
    pairs: positive('pairs', values.pairs),
    durationS: positive('duration', values.duration),
    warmupS: positive('warmup', values.warmup),
    pin: !values['no-pin'],
    jsonFile: values.json,
    strace: values.strace,
    timeoutS: values.timeout === undefined ? undefined : positive('timeout', values.timeout),
  };
}

function list(text: string): string[] {
  return text.split(',').filter((name) => name !== '');
}

function positive(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--${name} ${text}: not a whole number over 0`);
  return Number(text);
}
