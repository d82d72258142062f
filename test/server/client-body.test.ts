import { Buffer } from 'node:buffer';
import test from 'ava';
import type { ClientConnection } from '../../src/http/client-connection.ts';
import { type BodyFileUse, ClientBody } from '../../src/server/engine/client-body.ts';
import type { Files } from '../../src/server/index.ts';

/** Temporary files in memory; a file without a name is there until it is closed. */
class TemporaryFiles {
  readonly named = new Set<string>();
  readonly open = new Map<number, Uint8Array>();
  full = false;
  #next = 1;

  get files(): Files {
    const parts: Partial<Files> = {
      temporary: (directory) => {
        const descriptor = this.#next;
        this.#next += 1;
        const path = `${directory}/${descriptor}`;
        this.open.set(descriptor, new Uint8Array(0));
        this.named.add(path);
        return { descriptor, path };
      },
      write: (descriptor, bytes, position) => {
        if (this.full) return { code: 'ENOSPC', errno: 28 };
        const old = this.open.get(descriptor) as Uint8Array;
        this.open.set(descriptor, Buffer.concat([old.subarray(0, position), bytes]));
        return bytes.length;
      },
      read: (descriptor, into, position) => {
        const bytes = (this.open.get(descriptor) as Uint8Array).subarray(position);
        const length = Math.min(bytes.length, into.length);
        into.set(bytes.subarray(0, length));
        return length;
      },
      close: (descriptor) => void this.open.delete(descriptor),
      remove: (path) => void this.named.delete(path),
    };
    return parts as Files;
  }
}

/** A server that takes so many bytes before it has to be asked again. */
function upstream(room: number): { connection: ClientConnection; taken: string[]; open(): void } {
  const taken: string[] = [];
  const outbox = {
    level: 'open',
    broken: false,
    append: (bytes: Uint8Array) => {
      taken.push(Buffer.from(bytes).toString('latin1'));
      if (taken.join('').length >= room) outbox.level = 'high';
      return true;
    },
  };
  const connection = { outbox, requestOpen: false } as unknown as ClientConnection;
  const open = (): void => {
    outbox.level = 'open';
  };
  return { connection, taken, open };
}

function bodyOf(
  temporary: TemporaryFiles,
  text: string,
  memory: number,
  use: BodyFileUse = 'unnamed',
): ClientBody {
  const body = new ClientBody();
  body.begin(temporary.files, memory, '/t', use);
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += 2) body.add(bytes, at, Math.min(at + 2, bytes.length));
  body.complete();
  return body;
}

test('as many bytes as allowed stay in memory', (t) => {
  const temporary = new TemporaryFiles();
  const body = bodyOf(temporary, '1234', 4);
  t.deepEqual(
    [body.isInMemory, body.text, body.path, temporary.open.size],
    [true, '1234', undefined, 0],
  );
});

test('one byte more puts all of it into a file that has no name any more', (t) => {
  const temporary = new TemporaryFiles();
  const body = bodyOf(temporary, '12345', 4);
  t.deepEqual([body.isInMemory, body.text, body.path, body.bytes], [false, '', '/t/1', 5]);
  t.is(Buffer.from(temporary.open.get(1) ?? []).toString(), '12345');
  t.deepEqual([...temporary.named], []);
  body.reset();
  t.is(temporary.open.size, 0);
});

test('a file that is asked for is made for any body, and stays or goes as it is said', (t) => {
  const temporary = new TemporaryFiles();
  const kept = bodyOf(temporary, '12', 4, 'keep');
  const clean = bodyOf(temporary, '12', 4, 'clean');
  t.deepEqual([...temporary.named], ['/t/1', '/t/2']);
  kept.reset();
  clean.reset();
  t.deepEqual([...temporary.named], ['/t/1']);
});

test('a body goes to a server at its pace, and to the next one from the beginning', (t) => {
  for (const memory of [100, 4]) {
    const body = bodyOf(new TemporaryFiles(), '123456', memory);
    const slow = upstream(2);
    t.true(body.sendTo(slow.connection));
    for (; !body.isSent; body.feed(slow.connection)) {
      t.true(slow.connection.requestOpen);
      slow.open();
    }
    t.is(slow.taken.join(''), '123456');
    t.false(slow.connection.requestOpen);
    const next = upstream(100);
    t.true(body.sendTo(next.connection));
    t.is(next.taken.join(''), '123456');
  }
});

test('a disk that is full is a fault with its name', (t) => {
  const temporary = new TemporaryFiles();
  temporary.full = true;
  const body = new ClientBody();
  body.begin(temporary.files, 1, '/t', 'unnamed');
  t.false(body.add(Buffer.from('12'), 0, 2));
  t.is(body.fault, 'pwrite() "/t/1" failed (28: No space left on device)');
});

test('what stands in for a body is all there is of it', (t) => {
  const body = bodyOf(new TemporaryFiles(), '123456', 100);
  body.replace('ab');
  t.deepEqual([body.text, body.bytes, body.isWhole], ['ab', 2, true]);
});
