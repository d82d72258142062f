#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { ConfigError, type SourceFile } from '../config/index.ts';
import { type Arguments, parseArguments, UsageError } from './arguments.ts';
import { BindError } from './listening-sockets.ts';
import { readPidFile } from './pid-file.ts';
import { load, type Paths, Program, pathsOf } from './program.ts';
import { buildText, versionLine } from './version-text.ts';

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
`;

const SIGNALS = { stop: 'SIGTERM', quit: 'SIGQUIT', reopen: 'SIGUSR1', reload: 'SIGHUP' } as const;

function say(line: string): void {
  process.stderr.write(line);
}

function failed(error: unknown): void {
  say(`nginx: [emerg] ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof ConfigError && error.hint !== undefined) say(`  ${error.hint}\n`);
}

function release(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

/** Answers what needs no configuration; `undefined`: there is more to do. */
function answerAtOnce(args: Arguments): number | undefined {
  if (!args.help && !args.version && !args.buildText) return undefined;
  say(args.buildText ? buildText(release()) : versionLine(release()));
  if (args.help) say(HELP);
  return 0;
}

function test(paths: Paths, args: Arguments): number {
  const loaded = load(paths, args);
  const files: readonly SourceFile[] = 'conf' in loaded ? loaded.conf.files : loaded.files;
  const warnings = 'conf' in loaded ? loaded.conf.warnings : loaded.warnings;
  for (const warning of warnings) say(`nginx: [warn] ${warning}\n`);
  if ('error' in loaded) {
    failed(loaded.error);
    say(`nginx: configuration file ${paths.config} test failed\n`);
    return 1;
  }
  if (!args.quiet) {
    say(`nginx: the configuration file ${paths.config} syntax is ok\n`);
    say(`nginx: configuration file ${paths.config} test is successful\n`);
  }
  if (args.dump) {
    for (const { path, text } of files) {
      process.stdout.write(Buffer.from(`# configuration file ${path}:\n${text}\n`, 'latin1'));
    }
  }
  return 0;
}

function signal(paths: Paths, args: Arguments, name: keyof typeof SIGNALS): number {
  const loaded = load(paths, args);
  if ('error' in loaded) {
    failed(loaded.error);
    return 1;
  }
  const { pid: file } = loaded.conf.main;
  const path = file.startsWith('/') ? file : paths.prefix + file;
  try {
    const { text, pid } = readPidFile(path);
    if (pid === undefined) {
      say(`nginx: [error] invalid PID number "${text}" in "${path}"\n`);
      return 1;
    }
    process.kill(pid, SIGNALS[name]);
    return 0;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`nginx: [error] open() "${path}" failed (${why})\n`);
    return 1;
  }
}

async function run(paths: Paths, args: Arguments): Promise<void> {
  const loaded = load(paths, args);
  if ('error' in loaded) {
    failed(loaded.error);
    process.exitCode = 1;
    return;
  }
  for (const warning of loaded.conf.warnings) say(`nginx: [warn] ${warning}\n`);
  const program = new Program(paths, args);
  try {
    await program.start(loaded.conf);
  } catch (error) {
    if (!(error instanceof BindError)) failed(error);
    else say(`nginx: [emerg] ${error.message}\n`);
    process.exit(1);
  }
  process.on('SIGHUP', () => void program.reload());
  process.on('SIGQUIT', () => void program.quit());
  process.on('SIGTERM', () => void program.stop());
  process.on('SIGINT', () => void program.stop());
  process.on('SIGUSR1', () => program.reopen());
}

async function main(argv: readonly string[]): Promise<void> {
  let args: Arguments;
  try {
    args = parseArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say(`nginx: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const paths = pathsOf(args);
  const status = answerAtOnce(args);
  if (status !== undefined) process.exitCode = status;
  else if (args.signal !== undefined) process.exitCode = signal(paths, args, args.signal);
  else if (args.test || args.dump) process.exitCode = test(paths, args);
  else await run(paths, args);
}

await main(process.argv.slice(2));
