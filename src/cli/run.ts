import type { Arguments } from './arguments.ts';
import { daemonReady, isDaemon, startDaemon } from './daemon.ts';
import { inheritanceOf } from './inherited-sockets.ts';
import { load, RecordedSources } from './load.ts';
import { Master } from './master.ts';
import type { Paths } from './paths.ts';
import { failed } from './say.ts';
import type { SignalQueue } from './signal-queue.ts';

/** Runs until a signal ends it. */
export async function run(paths: Paths, args: Arguments, signals: SignalQueue): Promise<void> {
  const recorded = new RecordedSources();
  const loaded = load(paths, args.globals, recorded);
  if ('error' in loaded) {
    failed(loaded.error, paths);
    process.exit(1);
  }
  const inheritance = inheritanceOf(process.env, process.pid);
  const inBackground = isDaemon() || inheritance.from === 'program';
  if (loaded.conf.main.daemon && !inBackground) process.exit(await startDaemon());
  const notifyPath = process.env.NOTIFY_SOCKET;
  for (const name of ['NGINX', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET']) {
    delete process.env[name];
  }
  const detached = inBackground || !process.stdout.isTTY;
  const { globals } = args;
  const master = new Master({ paths, globals, inheritance, notifyPath, detached });
  if (!(await master.start(loaded.conf, recorded))) process.exit(1);
  process.on('uncaughtException', (error) => void master.crashed(error));
  if (isDaemon()) daemonReady();
  serve(master, signals);
}

function serve(master: Master, signals: SignalQueue): void {
  // One reload after the other; what comes meanwhile is one more, for all of them.
  let reloading: Promise<void> | undefined;
  let again = false;
  const reload = (): void => {
    again = reloading !== undefined;
    reloading ??= master.reload().finally(() => {
      reloading = undefined;
      if (again) reload();
    });
  };
  signals.handle((signal) => {
    if (signal === 'SIGHUP') reload();
    else if (signal === 'SIGQUIT') void master.quit();
    else if (signal === 'SIGTERM' || signal === 'SIGINT') void master.stop(signal);
    else if (signal === 'SIGUSR1') master.reopen();
    else if (signal === 'SIGUSR2') master.upgrade();
    else void master.stopAccepting();
  });
}
