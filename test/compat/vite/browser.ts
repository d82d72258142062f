import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const START_MS_MAX = 30_000;
const POLL_MS = 50;
const REMOVALS_MAX = 200;
const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--no-proxy-server',
  '--disable-background-networking',
  '--remote-debugging-port=0',
];

/** Is there a Chromium to drive? */
export function hasChromium(): boolean {
  return spawnSync('chromium', ['--version']).status === 0;
}

/** One page in a headless Chromium, driven by its debugging protocol. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  #asked = 0;

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
  }

  /** Opens `url`. */
  static async open(url: string): Promise<Browser> {
    const profile = mkdtempSync(`${tmpdir()}/sluice-chromium-`);
    const stdio = ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'];
    const child = spawn('chromium', [...ARGUMENTS, `--user-data-dir=${profile}`, url], { stdio });
    try {
      const base = await debuggerOf(child);
      const socket = new WebSocket(await pageOf(base));
      await once(socket, 'open');
      return new Browser(child, profile, socket);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** What `expression` is in the page, as JSON. */
  async evaluate(expression: string): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    const params = { expression, returnByValue: true };
    this.#socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    for (;;) {
      const [data] = await once(this.#socket, 'message');
      const answer = JSON.parse(String(data));
      if (answer.id === id) return answer.result?.result?.value;
    }
  }

  /** Waits until `expression` is `value`; the test's deadline bounds it. */
  async until(expression: string, value: unknown): Promise<void> {
    while ((await this.evaluate(expression)) !== value) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    if (this.#process.exitCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill();
      await exited;
    }
    await removed(this.#profile);
  }
}

/** Its helpers may write for a moment after Chromium itself has ended. */
async function removed(directory: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      rmSync(directory, { recursive: true, force: true });
      return;
    } catch (error) {
      if (tries === REMOVALS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** Chromium says on its standard error where it can be driven. */
async function debuggerOf(child: ChildProcess): Promise<string> {
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
  try {
    for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
      const [, host] = /^DevTools listening on ws:\/\/([^/]+)\//.exec(line) ?? [];
      if (host === undefined) continue;
      child.stderr?.resume(); // What it says later is not to fill the pipe.
      return `http://${host}`;
    }
    throw new Error('Chromium did not start');
  } finally {
    clearTimeout(late);
  }
}

async function pageOf(base: string): Promise<string> {
  for (;;) {
    const targets = (await (await fetch(`${base}/json/list`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const page = targets.find(({ type }) => type === 'page');
    if (page !== undefined) return page.webSocketDebuggerUrl;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
