import { inspect } from 'node:util';
import test from 'ava';
import { nodePort } from '../../../adapters/node/index.ts';
import { configOf } from '../../../src/proxy/framework/listen-options.ts';
import { defineProxy, type ListenOptions, reply, upstream } from '../../../src/proxy/index.ts';
import { upstreamConfig } from '../../../src/proxy/upstream/upstream-options.ts';
import { eventually } from '../site.ts';
import { nodeTest } from './world.ts';

const core = nodePort();
test.after.always(() => core.close());

const write = (): void => {};
const wallMs = (): number => 0;

/** What programs without types may say, and what they are told. */
const LISTEN: readonly (readonly [unknown, RegExp])[] = [
  [undefined, /a port or an object/],
  ['8080', /a port or an object/],
  [{}, /port is undefined/],
  [{ port: '8080' }, /port is 8080, not a whole number from 0 to 65535/],
  [{ port: -1 }, /port is -1/],
  [{ port: 65_536 }, /port is 65536/],
  [{ port: 0, host: 5 }, /host/],
  [{ port: 0, timeout: 5 }, /'timeout' is none of port, host/],
  [{ port: 0, timeouts: { head: 5 } }, /'head' is none of headMs/],
  [{ port: 0, timeouts: { headMs: '5' } }, /timeouts\.headMs is 5, not a whole number/],
  [{ port: 0, timeouts: { idleMs: -1 } }, /timeouts\.idleMs is -1/],
  [{ port: 0, timeouts: { bodyMs: Number.NaN } }, /timeouts\.bodyMs is NaN/],
  [{ port: 0, timeouts: { sendMs: Number.POSITIVE_INFINITY } }, /timeouts\.sendMs is Infinity/],
  [{ port: 0, limits: { body: 5 } }, /'body' is none of headBytes/],
  [{ port: 0, limits: { headBytes: '10k' } }, /limits\.headBytes is 10k/],
  [{ port: 0, limits: { headFields: 0 } }, /limits\.headFields is 0/],
  [{ port: 0, limits: { bodyBytes: -1 } }, /limits\.bodyBytes is -1/],
  [{ port: 0, limits: { requestsPerConnection: 0 } }, /limits\.requestsPerConnection is 0/],
  [{ port: 0, underscores: 'yes' }, /underscores is 'yes'/],
  [{ port: 0, upgrades: 'websocket' }, /upgrades is a list/],
  [{ port: 0, accessLog: {} }, /accessLog has no function/],
  [{ port: 0, accessLog: { write, wallMs, format: 'combind' } }, /'combind' is not combined/],
];

for (const [given, message] of LISTEN) {
  test(`listen(${inspect(given)}) is refused`, async (t) => {
    const isOptions = typeof given === 'object';
    const options = (isOptions ? { core, ...given } : given) as ListenOptions;
    await t.throwsAsync(defineProxy().listen(options), { message });
    t.is(core.openSockets, 0);
  });
}

const to = { requestFilter: () => reply(200) };

/** What a proxy is put together from, and what is said of it. */
const DEFINITIONS: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['a route to a URL object', () => route('/', new URL('http://a')), /is no proxy, no phases/],
  ['a route to nothing', () => route('/', null), /no object of phases/],
  ['a route for nothing', () => route(undefined, to), /no match/],
  ['a route for a number', () => route(42, to), /no match/],
  ['a misspelt match', () => route({ pth: '/x' }, to), /'pth' is none of host, path/],
  ['a path that is a number', () => route({ path: 42 }, to), /path is neither text/],
  ['a host that is a list', () => route({ host: ['a'] }, to), /host is neither text/],
  ['a header that is a number', () => route({ header: { a: 1 } }, to), /header 'a' is neither/],
  ['a method that is no list', () => route({ method: 'GET' }, to), /`method` is a list/],
  ['a method that no request has', () => route({ method: ['get'] }, to), /'get' is no method/],
  ['a plugin that is none', () => use(undefined), /no object of phases/],
  ['a plugin without phases', () => use({ name: 'a' }), /plugin 'a': undefined is no object/],
  ['a misspelt option of a group', () => group({ balanc: 'random' }), /'balanc' is none of/],
  ['a time of a group', () => group({ timeouts: { readMs: 'x' } }), /timeouts\.readMs is x/],
];

const route = (match: unknown, target: unknown): unknown =>
  defineProxy().route(match as string, target as typeof to);
const use = (plugin: unknown): unknown => defineProxy().use(plugin as never);
const group = (options: object): unknown => upstream('g', { servers: ['http://a'], ...options });

for (const [what, define, message] of DEFINITIONS) {
  test(`${what} is refused when the proxy is put together`, (t) => {
    t.throws(define, { instanceOf: TypeError, message });
  });
}

test('a limit or time that is undefined has its default', (t) => {
  const timeouts = { headMs: undefined, idleMs: 5 } as unknown as { headMs: number };
  const limits = { headBytes: undefined, bodyBytes: undefined } as unknown as { headBytes: number };
  const config = configOf({ port: 0, timeouts, limits });
  t.is(config.timeouts.headMs, 60_000);
  t.is(config.timeouts.idleMs, 5);
  t.is(config.headLimits.headBytesMax, 32 * 1024);
  t.is(config.bodyBytesMax, 1024 * 1024);
  const silent = { readMs: undefined } as unknown as { readMs: number };
  const group = upstreamConfig('g', { servers: ['http://a'], timeouts: silent });
  t.is(group.timeouts.readMs, 60_000);
});

test('a body and the requests of a connection may be said to have no limit', (t) => {
  const none = Number.POSITIVE_INFINITY;
  const config = configOf({ port: 0, limits: { bodyBytes: none, requestsPerConnection: none } });
  t.is(config.bodyBytesMax, none);
  t.is(config.requestsMax, none);
});

for (const how of ['throws', 'rejects'] as const) {
  nodeTest(`an access log that ${how} ends nothing, and onError is told`, async (t, world) => {
    const full = new Error('disk full');
    const throws = (): never => {
      throw full;
    };
    const accessLog = { write: how === 'throws' ? throws : () => Promise.reject(full), wallMs };
    await world.listen(defineProxy({ requestFilter: () => reply(200) }), { accessLog });
    t.is((await world.get('/')).status, 200);
    t.true(await eventually(() => world.errors.length > 0));
    t.is(world.errors[0], full);
    t.is((await world.get('/')).status, 200);
  });
}

nodeTest('an access log may be any object with `write`, such as a stream', async (t, world) => {
  class Sink {
    readonly lines: string[] = [];
    write(line: string): void {
      this.lines.push(line);
    }
  }
  const sink = new Sink();
  const accessLog = Object.assign(sink, { wallMs });
  await world.listen(defineProxy({ requestFilter: () => reply(204) }), { accessLog });
  await world.get('/');
  t.true(await eventually(() => sink.lines.length === 1));
  t.regex(sink.lines[0] ?? '', /"GET \/ HTTP\/1\.1" 204 0/);
});
