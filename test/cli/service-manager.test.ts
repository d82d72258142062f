import { spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { epollPort } from '../../adapters/epoll/index.ts';
import { reloadingState, tellManager } from '../../src/cli/service-manager.ts';
import type { ListenOperation, UdpRecvOperation } from '../../src/core/operation.ts';
import {
  closeOperation,
  listenOperation,
  udpOpenOperation,
  udpRecvOperation,
} from '../../src/core/operations.ts';
import { whyNoEpoll } from '../support/real-ports.ts';
import { ended, MAIN, Place } from './running-program.ts';

const epollTest = whyNoEpoll === undefined ? test.serial : test.skip;
const PID = 'return 200 $pid;';

/** A socket as a service manager has it, and what it was told. */
async function manager(t: ExecutionContext, path: string): Promise<string[]> {
  const port = epollPort();
  const told: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const local = { family: 'unix', address: path, port: 0 } as const;
    const open = udpOpenOperation(local, ({ status, socket }) => {
      if (status !== 'done') reject(new Error(status));
      const next = (recv: UdpRecvOperation): void => {
        if (recv.status !== 'done') return;
        const { data, offset, bytes } = recv;
        told.push(Buffer.from(data.subarray(offset, offset + bytes)).toString('latin1'));
        port.submit(recv);
      };
      port.submit(udpRecvOperation(socket, next));
      resolve();
    });
    port.submit(open);
  });
  t.teardown(() => port.close());
  return told;
}

epollTest('a service manager is told when the program serves, reloads and ends', async (t) => {
  const place = new Place(t);
  const told = await manager(t, place.path('notify.sock'));
  place.configure(PID);
  const child = place.spawn([], { NOTIFY_SOCKET: place.path('notify.sock') });
  await place.until('READY', () => told.length === 1);
  t.is(told[0], `READY=1\nMAINPID=${child.pid}\n`);
  t.is(await place.get(), String(child.pid));
  child.kill('SIGHUP');
  await place.until('READY again', () => told.length === 3);
  t.regex(told[1] ?? '', /^RELOADING=1\nMONOTONIC_USEC=\d+\n$/);
  t.is(told[2], 'READY=1\n');
  child.kill('SIGQUIT');
  t.is(await ended(child), 0);
  await place.until('STOPPING', () => told.length === 4);
  t.is(told[3], 'STOPPING=1\n');
});

epollTest('a socket in no file system is told as well', async (t) => {
  const name = `sluice-test-${process.pid}`;
  const told = await manager(t, `\0${name}`);
  t.true(tellManager('READY=1\n', `@${name}`));
  t.timeout(10_000);
  while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(told, ['READY=1\n']);
});

test('nobody to tell is no fault', (t) => {
  t.false(tellManager('READY=1\n', undefined));
  t.false(tellManager('READY=1\n', 'relative'));
  t.false(tellManager('READY=1\n', '/nowhere/at/all'));
});

test('a reload says since when, in microseconds of the monotonic clock', (t) => {
  const [, text = ''] = /MONOTONIC_USEC=(\d+)\n$/.exec(reloadingState()) ?? [];
  const differenceMs = Number(process.hrtime.bigint() / 1000n - BigInt(text)) / 1000;
  t.true(differenceMs >= 0 && differenceMs < 1_000);
});

epollTest('sockets of a service manager are used, and keep their names', async (t) => {
  const place = new Place(t);
  place.configure(PID);
  const descriptor = await listenOn(place.path('a.sock'));
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"';
  const args = [process.execPath, MAIN, '-p', place.folder, '-c', 'nginx.conf'];
  const child = spawn('sh', ['-c', script, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await place.until('a pid file', () => place.pid !== undefined);
  t.is(await place.get(), String(child.pid));
  child.kill('SIGQUIT');
  t.is(await ended(child), 0);
  // Still there for the next start, which the manager's own descriptor brings about.
  const waiting = place.get();
  const again = spawn('sh', ['-c', script, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  });
  t.teardown(() => again.kill('SIGKILL'));
  t.is(await waiting, String(again.pid));
  closeSync(descriptor);
});

test('the unit runs the program as it is', (t) => {
  const file = new URL('../../../examples/systemd/sluice.service', import.meta.url);
  const unit = readFileSync(fileURLToPath(file), 'utf8');
  t.regex(unit, /^Type=notify$/m);
  t.regex(unit, /^ExecStart=\S+\/sluice -g 'daemon off;'$/m);
  t.regex(unit, /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  t.regex(unit, /^KillSignal=SIGQUIT$/m);
});

function listenOn(path: string): Promise<number> {
  const port = epollPort();
  return new Promise((resolve) => {
    const opened = ({ socket }: ListenOperation): void => {
      const close = closeOperation(socket, ({ descriptor }) => {
        port.close(() => resolve(descriptor));
      });
      close.how = 'detach';
      port.submit(close);
    };
    port.submit(listenOperation({ family: 'unix', address: path, port: 0 }, opened));
  });
}
