import test from 'ava';
import { ClientWorld } from './client-world.ts';
import { readVectors } from './read-vectors.ts';
import { ServerWorld } from './server-world.ts';
import type { WireWorld } from './wire-world.ts';

/** What a connection tells of `wire` in pieces that end at `ends`; runs of a body are one. */
function toldOf(
  world: WireWorld & { readonly told: string[] },
  wire: string,
  ends: readonly number[],
): string {
  let from = 0;
  for (const to of ends) {
    if (world.recv !== undefined) world.comes(wire.slice(from, to));
    from = to;
  }
  if (world.recv !== undefined) world.eof();
  const told: string[] = [];
  for (const line of world.told) {
    const goesOn = line.startsWith('body ') && told.at(-1)?.startsWith('body ');
    if (goesOn) told.push(`${told.pop()}${line.slice('body '.length)}`);
    else told.push(line);
  }
  return `${told.join('\n')}\n${world.sent}`;
}

function served(wire: string, ends: readonly number[]): string {
  return toldOf(new ServerWorld('at the end'), wire, ends);
}

function asked(wire: string, ends: readonly number[], bodiless: boolean): string {
  const world = new ClientWorld();
  world.asks(bodiless);
  // What comes behind the response comes with it, or finds the connection idle.
  return toldOf(world, wire, ends).replace(/^end, [\s\S]*/m, 'end');
}

type Told = (wire: string, ends: readonly number[]) => string;

/** Every split in two, and all bytes apart. */
function splits(wire: string, told: Told): string | undefined {
  const whole = told(wire, [wire.length]);
  const apart = told(
    wire,
    Array.from(wire, (_, index) => index + 1),
  );
  if (apart !== whole) return `byte by byte:\n${apart}\nwhole:\n${whole}`;
  for (let at = 1; at < wire.length; at += 1) {
    const split = told(wire, [at, wire.length]);
    if (split !== whole) return `at ${at}:\n${split}\nwhole:\n${whole}`;
  }
  return undefined;
}

test('a server’s connection tells and answers the same, wherever a vector is split', (t) => {
  for (const { title, wire } of readVectors('http-request.md')) {
    t.is(splits(Buffer.from(wire).toString('latin1'), served), undefined, title);
  }
});

test('a client’s connection tells the same, wherever a vector is split', (t) => {
  for (const { title, mode, wire } of readVectors('http-response.md')) {
    const told: Told = (text, ends) => asked(text, ends, mode === 'head');
    t.is(splits(Buffer.from(wire).toString('latin1'), told), undefined, title);
  }
});
