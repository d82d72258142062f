import type { Arguments } from './arguments.ts';
import { load } from './load.ts';
import { absolute, type Paths } from './paths.ts';
import { readPidFile } from './pid-file.ts';
import { failed, say } from './say.ts';
import { failedCall } from './system-error.ts';

const SIGNALS = { stop: 'SIGTERM', quit: 'SIGQUIT', reopen: 'SIGUSR1', reload: 'SIGHUP' } as const;
const NUMBERS = { stop: 15, quit: 3, reopen: 10, reload: 1 } as const;

/** `-s`: signals the program whose pid file the configuration names. Answers the exit status. */
export function sendSignal(paths: Paths, args: Arguments, name: keyof typeof SIGNALS): number {
  const loaded = load(paths, args.globals);
  if ('error' in loaded) {
    failed(loaded.error, paths);
    return 1;
  }
  const path = absolute(loaded.conf.main.pid, paths.prefix);
  let pid: number | undefined;
  try {
    const found = readPidFile(path);
    pid = found.pid;
    if (pid === undefined) {
      say(`nginx: [error] invalid PID number "${found.text}" in "${path}"\n`);
      return 1;
    }
  } catch (error) {
    say(`nginx: [error] ${failedCall(`open() "${path}"`, error)}\n`);
    return 1;
  }
  try {
    process.kill(pid, SIGNALS[name]);
    return 0;
  } catch (error) {
    say(`nginx: [alert] ${failedCall(`kill(${pid}, ${NUMBERS[name]})`, error)}\n`);
    return 1;
  }
}
