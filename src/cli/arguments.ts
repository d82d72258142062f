/** What the command line asks for. */
export type Arguments = {
  readonly help: boolean;
  readonly version: boolean;
  /** `-V`: the version, and what was built. */
  readonly buildText: boolean;
  readonly test: boolean;
  /** `-T`: also prints the files. */
  readonly dump: boolean;
  readonly quiet: boolean;
  readonly signal: 'stop' | 'quit' | 'reopen' | 'reload' | undefined;
  readonly prefix: string | undefined;
  readonly config: string | undefined;
  readonly errorLog: string | undefined;
  readonly globals: string;
  /** `--explain URL`: what a request for it would meet. */
  readonly explain: string | undefined;
  /** `--print-ts [file]`: the configuration as a program in TypeScript. */
  readonly printTs: boolean;
};

/** What is wrong with the command line, in nginx's words. */
export class UsageError extends Error {}

type Draft = { -readonly [Key in keyof Arguments]: Arguments[Key] };

const NOTHING: Arguments = {
  help: false,
  version: false,
  buildText: false,
  test: false,
  dump: false,
  quiet: false,
  signal: undefined,
  prefix: undefined,
  config: undefined,
  errorLog: undefined,
  globals: '',
  explain: undefined,
  printTs: false,
};

const SIGNALS = ['stop', 'quit', 'reopen', 'reload'] as const;

/** Options that take a value, and what nginx calls it. */
const VALUES: Readonly<Record<string, string>> = {
  p: 'directory name',
  c: 'file name',
  e: 'file name',
  g: 'parameter',
  s: 'parameter',
};

/** Options may be glued: `-tq`, `-cfile`. Throws `UsageError`. */
export function parseArguments(argv: readonly string[]): Arguments {
  const draft: Draft = { ...NOTHING };
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] as string;
    if (word.startsWith('--')) {
      i += setLong(draft, word, argv[i + 1]);
      continue;
    }
    if (!word.startsWith('-')) throw new UsageError(`invalid option: "${word}"`);
    for (let at = 1; at < word.length; at += 1) {
      const option = word[at] as string;
      const what = VALUES[option];
      if (what === undefined) {
        setFlag(draft, option);
        continue;
      }
      const isGlued = at + 1 < word.length;
      if (!isGlued) i += 1;
      const value = isGlued ? word.slice(at + 1) : argv[i];
      if (value === undefined || value === '') {
        throw new UsageError(`option "-${option}" requires ${what}`);
      }
      setValue(draft, option, value);
      break;
    }
  }
  return draft;
}

/** Ours, not nginx's. Returns how many words after it belong to it. */
function setLong(draft: Draft, word: string, next: string | undefined): number {
  if (word === '--explain') {
    if (next === undefined) throw new UsageError('option "--explain" requires a URL');
    draft.explain = next;
    return 1;
  }
  if (word !== '--print-ts') throw new UsageError(`invalid option: "${word}"`);
  draft.printTs = true;
  if (next === undefined || next.startsWith('-')) return 0;
  const path = next.startsWith('/') ? next : `${process.cwd()}/${next}`;
  draft.config = path;
  draft.prefix ??= path.slice(0, path.lastIndexOf('/') + 1);
  return 1;
}

function setFlag(draft: Draft, option: string): void {
  if (option === '?' || option === 'h') draft.help = true;
  else if (option === 'v') draft.version = true;
  else if (option === 'V') draft.buildText = true;
  else if (option === 't') draft.test = true;
  else if (option === 'T') draft.dump = true;
  else if (option === 'q') draft.quiet = true;
  else throw new UsageError(`invalid option: "${option}"`);
}

function setValue(draft: Draft, option: string, value: string): void {
  if (option === 'p') draft.prefix = value.endsWith('/') ? value : `${value}/`;
  else if (option === 'c') draft.config = value;
  else if (option === 'e') draft.errorLog = value;
  else if (option === 'g') draft.globals = value;
  else {
    const signal = SIGNALS.find((one) => one === value);
    if (signal === undefined) throw new UsageError(`invalid option: "-s ${value}"`);
    draft.signal = signal;
  }
}
