import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';

/** Attacks and faults that a resolver must stand, and traps of a peek, each with a number. */
const CASES = 58;
const PEEK_CASES = 9;

const FOLDER = new URL('.', import.meta.url);

/** The titles of all tests of the resolver. */
function titles(): string {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => readFileSync(new URL(name, FOLDER), 'utf8'))
    .join('\n');
}

test('every numbered case has a test of its own', (t) => {
  const text = titles();
  const found = new Set(
    [...text.matchAll(/['"`]cases? (\d+)/g)].map(([, number]) => Number(number)),
  );
  const all = Array.from({ length: CASES }, (_, index) => index + 1);
  t.deepEqual(
    all.filter((number) => !found.has(number)),
    [],
  );
  const peeks = Array.from({ length: PEEK_CASES }, (_, index) => `P${index + 1}: `);
  t.deepEqual(
    peeks.filter((name) => !text.includes(name)),
    [],
  );
});
