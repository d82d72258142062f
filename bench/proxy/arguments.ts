import { parseArgs } from 'node:util';

/** What one run of the harness measures, all durations in seconds as wrk takes them. */
export type Options = {
  /** Names to measure, in this order. Empty means every known one. */
  readonly contestants: readonly string[];
  readonly scenarios: readonly string[];
  /** Contestants from the command line: name to command, with {port} and {upstream} to fill in. */
  readonly added: ReadonlyMap<string, string>;
  readonly pairs: number;
  readonly durationS: number;
  readonly warmupS: number;
  readonly connections: number;
  readonly idleConnections: number;
  /** The proxy alone on cpu 0, wrk and the upstream together on cpu 1. */
  readonly pin: boolean;
  readonly jsonFile: string | undefined;
  /** Every request is logged, to a file, by those who can. */
  readonly accessLog: boolean;
  /** The contestant whose system calls are counted; nothing else is measured then. */
  readonly strace: string | undefined;
  /** After this the run is given up and cleaned away. */
  readonly timeoutS: number | undefined;
};

export const USAGE: string = `node dist/bench/proxy/main.js [options]      (from the root of the repository; Linux)
  --contestants A,B        which proxies, default: all; sluice@ADAPTER names one of ours,
                           sluice-plugin@ADAPTER the same with a plugin that sets a header,
                           sluice-conf@ADAPTER our program with nginx's configuration,
                           floor@epoll the least that a proxy in JavaScript can cost
  --contestant NAME=CMD    adds one: a command line with {port} and {upstream}; may be repeated
  --scenarios A,B          small, browser, 10k, 1m, connection, static, idle; default: all
  --pairs N                runs of the contestant, each paired with one of nginx, default 4
  --duration S             seconds of one run, default 5
  --warmup S               seconds before the first pair, default 3
  --connections N          connections of wrk, default 64
  --idle-connections N     connections of the idle scenario, default 10000
  --no-pin                 let the system place the processes; default: proxy on cpu 0, rest on cpu 1
  --access-log on|off      a line for each request to a file, by both of a pair; default off
  --json FILE              every raw run as JSON
  --strace NAME            count NAME's system calls beside nginx's, in one scenario (default small)
  --timeout S              give up after this; default: twice what the plan needs, and a minute`;

const OPTIONS = {
  contestants: { type: 'string', default: '' },
  contestant: { type: 'string', multiple: true, default: [] as string[] },
  scenarios: { type: 'string', default: '' },
  pairs: { type: 'string', default: '4' },
  duration: { type: 'string', default: '5' },
  warmup: { type: 'string', default: '3' },
  connections: { type: 'string', default: '64' },
  'idle-connections': { type: 'string', default: '10000' },
  'no-pin': { type: 'boolean', default: false },
  json: { type: 'string' },
  'access-log': { type: 'string', default: 'off' },
  strace: { type: 'string' },
  timeout: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line. Undefined when help was asked for; throws a plain sentence on a mistake. */
export function readArguments(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return undefined;
  const added = new Map(values.contestant.map(namedCommand));
  const contestants = list(values.contestants);
  for (const name of added.keys()) {
    if (contestants.length > 0 && !contestants.includes(name)) contestants.push(name);
  }
  return {
    contestants,
    added,
    scenarios: list(values.scenarios),
    pairs: positive('pairs', values.pairs),
    durationS: positive('duration', values.duration),
    warmupS: positive('warmup', values.warmup),
    connections: positive('connections', values.connections),
    idleConnections: positive('idle-connections', values['idle-connections']),
    pin: !values['no-pin'],
    jsonFile: values.json,
    accessLog: onOrOff('access-log', values['access-log']),
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

function onOrOff(name: string, text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new Error(`--${name} ${text}: neither on nor off`);
  return text === 'on';
}

function namedCommand(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || !text.includes('{port}', at)) {
    throw new Error(`--contestant ${text}: expected NAME=COMMAND with {port} and {upstream}`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}
