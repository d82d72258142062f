import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Bench } from './hand-clock.ts';

const KEYS = 200;
const SERVERS = 5;
const WEIGHTS = [1, 3, 1, 2, 1];
const STARTS_WITHIN_MS = 10_000;

const whyNot =
  spawnSync('nginx', ['-v']).error === undefined ? undefined : 'there is no nginx to compare with';

if (whyNot !== undefined) test.skip(`hashes choose what nginx chooses: ${whyNot}`, () => {});
else {
  for (const [method, consistent] of [
    ['hash $arg_k', false],
    ['hash $arg_k consistent', true],
  ] as const) {
    test.serial(`${method}: the server that nginx chooses, for ${KEYS} keys`, async (t) => {
      const ports = await freePorts(SERVERS + 1);
      const [front = 0, ...backs] = ports;
      const keys = Array.from({ length: KEYS }, (_, i) => `key-${i * 7919}`);
      const theirs = await askNginx(front, backs, method, keys);
      const bench = new Bench({
        servers: backs.map((port, i) => ({
          url: `127.0.0.1:${port}`,
          weight: WEIGHTS[i] as number,
        })),
        balance: { hash: undefined, consistent },
      });
      const ours = keys.map((hashKey) => {
        const name = bench.pick({ hashKey });
        return backs[name.charCodeAt(0) - 97];
      });
      t.deepEqual(ours, theirs);
    });
  }

  test.serial('ip_hash: the server that nginx chooses, for 40 networks', async (t) => {
    const [front = 0, ...backs] = await freePorts(SERVERS + 1);
    const clients = Array.from({ length: 40 }, (_, i) => `127.${(i * 37) % 256}.${i}.9`);
    const theirs = await askNginx(front, backs, 'ip_hash', clients, (client) => client);
    const bench = new Bench({
      servers: backs.map((port, i) => ({ url: `127.0.0.1:${port}`, weight: WEIGHTS[i] as number })),
      balance: 'ip-hash',
    });
    const ours = clients.map((clientAddress) => {
      return backs[bench.pick({ clientAddress }).charCodeAt(0) - 97];
    });
    t.deepEqual(ours, theirs);
  });
}

/** Ports that are free now, all at one time. */
async function freePorts(count: number): Promise<number[]> {
  const held = Array.from({ length: count }, () => createServer());
  for (const server of held) await once(server.listen(0, '127.0.0.1'), 'listening');
  const ports = held.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(held.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Which of its servers an nginx of our own chooses for each key. */
async function askNginx(
  front: number,
  backs: readonly number[],
  method: string,
  keys: readonly string[],
  from: (key: string) => string = () => '127.0.0.1',
): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hash-'));
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, front, backs, method));
  const child = spawn('nginx', ['-p', folder, '-c', file, '-e', join(folder, 'error.log')]);
  try {
    const agent = new Agent({ keepAlive: false });
    await untilItAnswers(front);
    const chosen: number[] = [];
    for (const key of keys) {
      chosen.push(Number(await ask(agent, front, `/?k=${key}`, from(key))));
    }
    return chosen;
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true });
  }
}

function configuration(
  folder: string,
  front: number,
  backs: readonly number[],
  method: string,
): string {
  const group = backs.map((port, i) => `server 127.0.0.1:${port} weight=${WEIGHTS[i]};`);
  const each = backs.map((port) => `server { listen 127.0.0.1:${port}; return 200 ${port}; }`);
  return `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid;
    events { worker_connections 512; }
    http {
      access_log off;
      client_body_temp_path ${folder}/1; proxy_temp_path ${folder}/2; fastcgi_temp_path ${folder}/3;
      uwsgi_temp_path ${folder}/4; scgi_temp_path ${folder}/5;
      upstream u { ${method}; ${group.join(' ')} }
      server { listen 127.0.0.1:${front}; location / { proxy_pass http://u; } }
      ${each.join('\n')}
    }`;
}

async function untilItAnswers(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: false });
  const endMs = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await ask(agent, port, '/?k=x', '127.0.0.1');
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(20);
    }
  }
}

function ask(agent: Agent, port: number, path: string, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: '127.0.0.1', port, path, localAddress }, (response) => {
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
