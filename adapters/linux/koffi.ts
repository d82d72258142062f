import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { keepLoaded } from './keep-loaded.ts';

/** A function of the C library. */
export type Native = (...values: unknown[]) => number;

type PollHandle = { close(): void; ref(): void; unref(): void };

/** What the adapters use of koffi, which is loaded at run time as it may be absent. */
export type Koffi = {
  /** `null`: the process itself, which has the C library, whatever that is called. */
  load(library: string | null): { func(declaration: string): Native };
  errno(): number;
  address(value: unknown): bigint;
  view(pointer: unknown, bytes: number): ArrayBuffer;
  readonly node: {
    poll(fd: number, events: { readable: boolean }, callback: () => void): PollHandle;
  };
};

/** Throws with what to do where koffi is not installed or the system is another one. */
export function loadKoffi(
  adapter: string,
  platform: string = process.platform,
  load: (name: string) => unknown = createRequire(import.meta.url),
): Koffi {
  if (platform !== 'linux') {
    throw new Error(`the ${adapter} adapter needs Linux, and this is ${platform}`);
  }
  let koffi: Koffi;
  try {
    koffi = load('koffi') as Koffi;
  } catch (cause) {
    const message = `the ${adapter} adapter needs the package koffi: 'npm install koffi'`;
    throw new Error(message, { cause });
  }
  if (!isMainThread) keepLoaded(koffi);
  return koffi;
}
