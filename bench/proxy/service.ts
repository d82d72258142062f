import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './contestants.ts';
import { upstreamCommand } from './nginx.ts';
import { type Child, freePort, startServer } from './processes.ts';

const READY_MS_MAX = 10_000;
const POLL_MS = 20;

/** Where things run and lie, the same for all measurements of one start of the harness. */
export type Stage = {
  readonly upstreamPort: number;
  readonly upstreamPid: number;
  /** Temporary; removed at the end. */
  readonly directory: string;
  readonly proxyCpu: number | undefined;
  readonly loadCpu: number | undefined;
  /** Contestants log every request. */
  readonly accessLog: boolean;
};

/** A started proxy whose port answers. */
export type Service = Child & { readonly name: string; readonly port: number } & {
  /** Where it logs, if it does. */
  readonly logFile: string | undefined;
};

/** Starts the upstream that all contestants share, on the load's side of the machine. */
export async function openStage(
  directory: string,
  pin: boolean,
  accessLog: boolean,
): Promise<Stage> {
  const loadCpu = pin ? 1 : undefined;
  const port = await freePort();
  const child = startServer(upstreamCommand(join(directory, 'upstream'), port), { cpu: loadCpu });
  await untilReady(child, port, 'the upstream');
  return {
    upstreamPort: port,
    upstreamPid: child.pid,
    directory,
    proxyCpu: pin ? 0 : undefined,
    loadCpu,
    accessLog,
  };
}

/** Starts a contestant and waits until its port answers, whatever it prints. */
export async function startContestant(contestant: Contestant, stage: Stage): Promise<Service> {
  const port = await freePort();
  const directory = join(stage.directory, `${contestant.name.replaceAll(/\W/g, '-')}-${port}`);
  mkdirSync(directory, { recursive: true });
  const logFile = stage.accessLog ? join(directory, 'access.log') : undefined;
  const command = contestant.command(port, stage.upstreamPort, directory, logFile);
  const child = startServer(command, { cpu: stage.proxyCpu });
  try {
    await untilReady(child, port, contestant.name);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { ...child, name: contestant.name, port, logFile };
}

async function untilReady(child: Child, port: number, name: string): Promise<void> {
  const deadlineMs = performance.now() + READY_MS_MAX;
  while (!(await answers(port))) {
    const failure = child.failure();
    if (failure !== undefined) throw new Error(`${name} ${failure}`);
    if (performance.now() > deadlineMs) throw new Error(`${name} does not listen on its port`);
    await sleep(POLL_MS);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
