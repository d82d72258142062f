import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

/** What a program of this folder says when it is asked. */
export type Answer = Readonly<Record<string, number>>;

/** A program of this folder that runs as a process of its own; only it is ever killed. */
export class Program {
  readonly #child: ChildProcess;
  #errors = '';
  readonly exited: Promise<unknown[]>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = once(child, 'exit');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
  }

  static run(t: ExecutionContext, name: string, ...args: string[]): Program {
    return Program.#start(t, name, args, { execArgv: [] });
  }

  /** The same with a network of its own, in which nothing is yet: not even 127.0.0.1. For root. */
  static apart(t: ExecutionContext, name: string, ...args: string[]): Program {
    const unshare = { execPath: 'unshare', execArgv: ['--net', process.execPath] };
    return Program.#start(t, name, args, unshare);
  }

  static #start(t: ExecutionContext, name: string, args: string[], how: ForkOptions): Program {
    const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    const child = fork(path, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], ...how });
    t.teardown(() => child.kill('SIGKILL'));
    return new Program(child);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get errors(): string {
    return this.#errors;
  }

  /** Sends a word and waits for the answer. */
  async ask(word: string): Promise<Answer> {
    this.#child.send(word);
    const answered = once(this.#child, 'message');
    const [answer] = await Promise.race([
      answered,
      this.exited.then(() => {
        throw new Error(`the program has ended: ${this.#errors}`);
      }),
    ]);
    return answer as Answer;
  }

  /** Asks for its state until `holds` does. */
  async until(holds: (state: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const state = await this.ask('state');
      if (holds(state)) return state;
      await setTimeout(20);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Resident memory in KiB, as the kernel counts it. */
  rssKib(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  }
}

/** For the programs themselves: answers each word that the test asks. */
export function serve(answers: Readonly<Record<string, () => Answer | Promise<Answer>>>): void {
  process.on('message', async (word: string) => {
    process.send?.(await answers[word]?.());
  });
  process.on('disconnect', () => process.exit());
}
