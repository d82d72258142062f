import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { BalanceOption, UpstreamServer } from '../../../src/proxy/upstream/index.ts';
import { Bench } from './hand-clock.ts';

const SERVERS = 5;
/** The server that does not listen, where one does not: the heaviest, by its index. */
const DEAD = 1;
const WEIGHTS = [1, 3, 1, 2, 2];
const STARTS_WITHIN_MS = 10_000;

/** All of 127/8 is ours on Linux; nobody else listens at this address. */
const HOST = '127.99.0.1';

const whyNot = reasonAgainst();

if (whyNot !== undefined) test.skip(`choices are nginx's: ${whyNot}`, () => {});
else {
  test.serial('hash: the server that nginx chooses, for 200 keys', (t) =>
    compareKeys(t, 200, 'hash $arg_k;', { hash: undefined }),
  );

  test.serial('hash consistent: the server that nginx chooses, for 1000 keys', (t) =>
    compareKeys(t, 1_000, 'hash $arg_k consistent;', { hash: undefined, consistent: true }),
  );

  test.serial('ip_hash: the server that nginx chooses, for 40 networks', async (t) => {
    const clients = Array.from({ length: 40 }, (_, i) => `127.${(i * 37) % 256}.${i}.9`);
    const { backs, chosen } = await askNginx('ip_hash;', clients, (client) => client);
    const bench = new Bench({ servers: weighted(backs), balance: 'ip-hash' });
    t.deepEqual(
      clients.map((clientAddress) => bench.pick({ clientAddress })),
      namesOf(chosen, backs),
    );
  });

  for (const [directive, balance] of [
    ['', 'round-robin'],
    ['least_conn;', 'least-conn'],
  ] as const) {
    test.serial(`${balance}: the servers that nginx chooses, in their order`, async (t) => {
      const turns = Array.from({ length: 40 }, (_, i) => `${i}`);
      const { backs, chosen } = await askNginx(directive, turns);
      const bench = new Bench({ servers: weighted(backs), balance });
      bench.pick(); // nginx was asked once before, whether it answers.
      t.is(bench.picks(turns.length), namesOf(chosen, backs).join(''));
    });
  }

  test.serial('passive health: a dead server costs the retries that it costs nginx', async (t) => {
    const turns = Array.from({ length: 30 }, (_, i) => `${i}`);
    const { backs, chosen } = await askNginx('', turns, () => HOST, DEAD);
    const bench = new Bench({ servers: weighted(backs), retry: { tries: 0 } });
    const ours = Array.from({ length: turns.length + 1 }, () => answeredBy(bench));
    t.deepEqual(ours.slice(1), namesOf(chosen, backs));
    t.is(bench.group.peer(DEAD).fails, 1);
  });
}

async function compareKeys(
  t: ExecutionContext,
  count: number,
  directive: string,
  balance: BalanceOption,
): Promise<void> {
  const keys = Array.from({ length: count }, (_, i) => `key-${i * 7919}`);
  const { backs, chosen } = await askNginx(directive, keys);
  const bench = new Bench({ servers: weighted(backs), balance });
  t.deepEqual(
    keys.map((hashKey) => bench.pick({ hashKey })),
    namesOf(chosen, backs),
  );
}

function weighted(ports: readonly number[]): UpstreamServer[] {
  return ports.map((port, i) => ({ url: `${HOST}:${port}`, weight: WEIGHTS[i] as number }));
}

function namesOf(chosen: readonly number[], backs: readonly number[]): string[] {
  return chosen.map((port) => String.fromCharCode(97 + backs.indexOf(port)));
}

/** One request that goes on to another server where the dead one was chosen. */
function answeredBy({ group }: Bench): string {
  const tried: number[] = [];
  for (;;) {
    const index = group.pick({ clientAddress: '', hashKey: '' }, tried);
    if (index < 0) return '-';
    group.acquire(index);
    if (index !== DEAD) group.succeeded(index);
    else group.failed(index);
    group.release(index);
    if (index !== DEAD) return String.fromCharCode(97 + index);
    tried.push(index);
  }
}

function reasonAgainst(): string | undefined {
  if (process.platform !== 'linux') return 'only on Linux all of 127/8 is this machine';
  return spawnSync('nginx', ['-v']).error && 'there is no nginx to compare with';
}

/** Ports that are free now, all at one time. */
async function freePorts(count: number): Promise<number[]> {
  const held = Array.from({ length: count }, () => createServer());
  for (const server of held) await once(server.listen(0, HOST), 'listening');
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Which of its servers an nginx of our own chooses for each key; `dead`: one does not listen. */
async function askNginx(
  directive: string,
  keys: readonly string[],
  from: (key: string) => string = () => HOST,
  dead = -1,
): Promise<{ backs: readonly number[]; chosen: readonly number[] }> {
  const [front = 0, ...backs] = await freePorts(SERVERS + 1);
  const folder = mkdtempSync(join(tmpdir(), 'choices-'));
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, front, backs, directive, dead));
  const child = spawn('nginx', ['-p', folder, '-c', file, '-e', join(folder, 'error.log')]);
  try {
    const agent = new Agent({ keepAlive: true });
    await untilItAnswers(front);
    const chosen: number[] = [];
    for (const key of keys) {
      chosen.push(Number(await ask(agent, front, `/?k=${key}`, from(key))));
    }
    agent.destroy();
    return { backs, chosen };
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true });
  }
}

function configuration(
  folder: string,
  front: number,
  backs: readonly number[],
  directive: string,
  dead: number,
): string {
  const group = backs.map((port, i) => `server ${HOST}:${port} weight=${WEIGHTS[i]};`);
  const alive = backs.filter((_, i) => i !== dead);
  const each = alive.map((port) => `server { listen ${HOST}:${port}; return 200 ${port}; }`);
  return `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid;
    events { worker_connections 512; }
    http {
      access_log off;
      client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2; fastcgi_temp_path ${folder}/3;
      uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
      upstream u { ${directive} ${group.join(' ')} }
      server { listen ${HOST}:${front}; location / { proxy_pass http://u; } }
      ${each.join('\n')}
    }`;
}

async function untilItAnswers(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: false });
  const endMs = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await ask(agent, port, '/?k=x', HOST);
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(20);
    }
  }
}

function ask(agent: Agent, port: number, path: string, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: HOST, port, path, localAddress }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}
