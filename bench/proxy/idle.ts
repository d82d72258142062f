import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from './process-tree.ts';
import { end, startHelper } from './processes.ts';
import type { Service, Stage } from './service.ts';

/** Long enough for a garbage collector that works in idle time and for what it gives back. */
const SETTLE_MS = 3000;
const OPEN_MS_MAX = 60_000;
/** Descriptors of a process besides its client connections: upstream pool, files, epoll. */
const SPARE_DESCRIPTORS = 512;

/** What many idle keep-alive connections cost in memory. Kernel memory is not in it. */
export type IdleMemory = {
  readonly connections: number;
  readonly baseBytes: number;
  readonly bytes: number;
  readonly bytesPerConnection: number;
  readonly invalid: readonly string[];
};

/** The limit is inherited, and Node raised its own to the hard one when it started. */
export function idleObjection(connections: number): string | undefined {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.MAX_VALUE);
  return descriptors < connections + SPARE_DESCRIPTORS
    ? `only ${descriptors} descriptors allowed (ulimit -Hn)`
    : undefined;
}

/** Reads the proxy's memory before and after `count` connections have each had one answer. */
export async function measureIdle(
  service: Service,
  count: number,
  stage: Stage,
): Promise<IdleMemory> {
  const script = join(import.meta.dirname, 'idle-client.js');
  const argv = [process.execPath, script, String(service.port), String(count)];
  const client = startHelper(argv, { cpu: stage.loadCpu });
  const lines = new Lines(client);
  try {
    await lines.until('warm');
    await sleep(SETTLE_MS);
    const baseBytes = residentBytes(service.pid);
    client.stdin?.write('\n');
    await lines.until('open');
    await sleep(SETTLE_MS);
    const bytes = residentBytes(service.pid);
    client.stdin?.end();
    const lost = Number((await lines.until('lost')).split(' ')[1]);
    const invalid = lost > 0 ? [`${lost} connections did not stay`] : [];
    const bytesPerConnection = (bytes - baseBytes) / count;
    return { connections: count, baseBytes, bytes, bytesPerConnection, invalid };
  } finally {
    await end(client);
  }
}

/** What the client says, line by line; its end or its silence is a failure. */
class Lines {
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor(client: ChildProcess) {
    if (client.stdout === null) throw new Error('the client has no output');
    this.#lines = createInterface(client.stdout)[Symbol.asyncIterator]();
    client.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  async until(word: string): Promise<string> {
    const silence = new AbortController();
    const late = sleep(OPEN_MS_MAX, undefined, { signal: silence.signal }).then(
      () => Promise.reject(new Error(`the idle client did not come to "${word}"`)),
      () => undefined,
    );
    const next = await Promise.race([this.#lines.next(), late]);
    silence.abort();
    if (next?.value?.startsWith(word)) return next.value;
    const reason = /Error: .*/.exec(this.#stderr)?.[0] ?? this.#stderr;
    throw new Error(`the idle client failed before "${word}": ${reason}`);
  }
}
