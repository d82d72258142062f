import test from 'ava';
import type { ServerConnection } from '../../src/http/server-connection.ts';
import { ConnectionList } from '../../src/proxy/connection-list.ts';

/** The list knows a connection by its place alone. */
const connection = (): ServerConnection => ({ place: -1 }) as ServerConnection;

test('each connection is listed until it is removed, in whatever order', (t) => {
  const list = new ConnectionList();
  const all = Array.from({ length: 5 }, connection);
  for (const one of all) list.add(one);
  t.is(list.size, 5);
  for (const index of [2, 0, 4, 1, 3]) {
    const gone = all[index] as ServerConnection;
    list.remove(gone);
    t.false(list.all().includes(gone));
    t.is(list.all().length, list.size);
  }
  t.is(list.size, 0);
});

test('a connection that is removed twice takes no other with it', (t) => {
  const list = new ConnectionList();
  const [one, other] = [connection(), connection()];
  list.add(one);
  list.add(other);
  list.remove(one);
  list.remove(one);
  t.deepEqual(list.all(), [other]);
});
