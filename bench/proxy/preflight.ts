import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { FIELDS_ECHO } from './nginx.ts';
import { BROWSER_FIELDS, type Scenario } from './scenarios.ts';

const ANSWER_MS_MAX = 3000;

/**
 * Asserts that a contestant does the work that is going to be compared: the same body byte by
 * byte, all fields to the upstream, connections kept or closed as asked. A proxy that skips some
 * of it would otherwise win by that. Throws what is missing.
 */
export async function assertEqualWork(
  port: number,
  upstreamPort: number,
  scenario: Scenario,
): Promise<void> {
  const expected = await get(upstreamPort, scenario.path, {});
  const { status, body } = await get(port, scenario.path, {});
  if (status !== 200) throw new Error(`answers ${status} to GET ${scenario.path}`);
  if (!body.equals(expected.body)) throw new Error(`changes the body of ${scenario.path}`);
  const echo = await get(port, '/fields', BROWSER_FIELDS);
  if (echo.body.toString() !== FIELDS_ECHO) throw new Error(`changes fields: ${echo.body}`);
  if (scenario.fields.Connection === 'close') await assertCloses(port);
  else await assertKeeps(port);
}

type Answer = { readonly status: number; readonly body: Buffer; readonly reused: boolean };

function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  agent: Agent | false = false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers, agent, timeout: ANSWER_MS_MAX };
    const call = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        resolve({ status, body: Buffer.concat(parts), reused: call.reusedSocket });
      });
    });
    call.once('timeout', () => call.destroy(new Error(`no answer to GET ${path}`)));
    call.once('error', reject);
    call.end();
  });
}

async function assertKeeps(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await get(port, '/', {}, agent);
    const { reused } = await get(port, '/', {}, agent);
    if (!reused) throw new Error('does not keep the connection of its client');
  } finally {
    agent.destroy();
  }
}

/** On a bare socket: Node's client would close by itself and hide that the proxy did not. */
function assertCloses(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_MS_MAX });
    socket.once('timeout', () => {
      socket.destroy();
      reject(new Error('keeps a connection that its client asked to close'));
    });
    socket.once('error', reject);
    socket.once('end', resolve);
    socket.resume();
    socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
  });
}
