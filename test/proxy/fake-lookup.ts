import type { Lookup } from '../../src/proxy/index.ts';

/** A look-up that a test answers. */
export class FakeLookup {
  readonly asked: string[] = [];
  readonly #answers: ((addresses: readonly string[], ttlMs: number) => void)[] = [];
  readonly #failures: ((error: Error) => void)[] = [];

  readonly lookup: Lookup = (name) => {
    this.asked.push(name);
    return new Promise((resolve, reject) => {
      this.#answers.push((addresses, ttlMs) => resolve({ addresses, ttlMs }));
      this.#failures.push(reject);
    });
  };

  answer(addresses: readonly string[], ttlMs = 60_000): void {
    this.#failures.shift();
    this.#answers.shift()?.(addresses, ttlMs);
  }

  fail(): void {
    this.#answers.shift();
    this.#failures.shift()?.(new Error('SERVFAIL'));
  }
}
