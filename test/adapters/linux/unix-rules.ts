import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/core/endpoint.ts';
import type { Kit } from '../../conformance/kit.ts';
import type { Rule, Rules } from '../../conformance/run.ts';
import { plainClient } from './plain-client.ts';
import { hearsAroundUrgentData } from './stream-rules.ts';

/** A rule about a path of a UNIX socket, in a folder of its own that goes when it has ended. */
function onPath(body: (kit: Kit, endpoint: Endpoint) => Promise<void>): Rule {
  return async (kit) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-unix-'));
    try {
      await body(kit, { family: 'unix', address: join(folder, 'socket'), port: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

/** What the adapters to Linux promise about UNIX sockets, beyond what every adapter does. */
export const unixRules: Rules = {
  'bytes on both sides of urgent data come on a UNIX socket, too': onPath(hearsAroundUrgentData),

  'a hang-up with unread data: all of it comes before the end': onPath(async (kit, endpoint) => {
    const listen = await kit.listening({ endpoint });
    const client = plainClient(endpoint);
    const accept = await kit.ends(kit.accept(listen.socket), 'done');
    client.say('x'.repeat(100_000));
    client.close();
    await kit.settle();
    const { bytes, last } = await kit.drain(accept.accepted);
    assert.equal(bytes.length, 100_000);
    assert.equal(last.status, 'eof');
  }),

  'a UNIX listener whose backlog is full refuses': onPath(async (kit, endpoint) => {
    const listen = await kit.listening({ endpoint, backlog: 1 });
    const connects = Array.from({ length: 8 }, () => kit.connect(endpoint));
    for (const connect of connects) await kit.ends(connect, 'done', 'failed');
    const failed = connects.filter(({ status }) => status === 'failed');
    assert.ok(failed.length > 0 && failed.length < 8, `${failed.length} refused`);
    for (const { fault } of failed) assert.equal(fault?.code, 'refused');
    await kit.ends(kit.accept(listen.socket), 'done');
    await kit.ends(kit.connect(endpoint), 'done');
  }),

  'a UNIX listener makes its path, and takes it away when it closes': onPath(
    async (kit, endpoint) => {
      for (let i = 0; i < 2; i += 1) {
        const { socket, bound } = await kit.listening({ endpoint });
        assert.deepEqual(bound, endpoint);
        assert.ok(existsSync(endpoint.address));
        const pair = await kit.pairOn(socket, endpoint);
        await kit.talks(pair);
        assert.deepEqual(kit.port.remoteEndpoint(pair.client), endpoint);
        assert.deepEqual(kit.port.remoteEndpoint(pair.server), { ...endpoint, address: '' });
        await kit.ends(kit.close(socket), 'done');
        assert.ok(!existsSync(endpoint.address));
      }
      await kit.fails(kit.connect(endpoint), 'refused');
    },
  ),

  'an abstract UNIX name works, and is no path': async (kit) => {
    const endpoint: Endpoint = { family: 'unix', address: `\0sluice-${process.pid}`, port: 0 };
    const { socket, bound } = await kit.listening({ endpoint });
    assert.deepEqual(bound, endpoint);
    await kit.talks(await kit.pairOn(socket, endpoint));
  },
};
