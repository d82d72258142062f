#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { type Arguments, parseArguments, UsageError } from './arguments.ts';
import { pathsOf } from './paths.ts';
import { limitBacktracking } from './regex-limit.ts';
import { SignalQueue } from './signal-queue.ts';

const HELP = `Usage: sluice [-?hvVtTq] [-s signal] [-p prefix]
              [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path
  -e filename   : set error log file, or stderr
  -c filename   : set configuration file (default: conf/nginx.conf)
  -g directives : set global directives out of configuration file
  --explain URL : tell what a request for the URL would meet, and why
  --print-ts [filename] : print the configuration as a program in TypeScript
`;

function release(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

/** What needs no configuration. */
async function answerAtOnce(args: Arguments): Promise<void> {
  const { buildText, versionLine } = await import('./version-text.ts');
  process.stderr.write(args.buildText ? buildText(release()) : versionLine(release()));
  if (args.help) process.stderr.write(HELP);
}

/** Each task loads what it needs: a version is told without a server. */
async function main(argv: readonly string[]): Promise<void> {
  let args: Arguments;
  try {
    args = parseArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`nginx: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const paths = pathsOf(args);
  if (args.help || args.version || args.buildText) await answerAtOnce(args);
  else if (args.signal !== undefined) {
    const { sendSignal } = await import('./send-signal.ts');
    process.exitCode = sendSignal(paths, args, args.signal);
  } else if (args.explain !== undefined || args.printTs) {
    const { show } = await import('./show.ts');
    process.exitCode = await show(paths, args);
    process.stdout.write('', () => process.exit());
  } else if (args.test || args.dump) {
    const { check } = await import('./check.ts');
    process.exitCode = await check(paths, args);
    process.stdout.write('', () => process.exit());
  } else {
    const signals = new SignalQueue();
    const { run } = await import('./run.ts');
    await run(paths, args, signals);
  }
}

limitBacktracking();
await main(process.argv.slice(2));
