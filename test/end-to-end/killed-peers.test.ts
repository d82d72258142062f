import test, { type ExecutionContext } from 'ava';
import { REAL_PORTS } from '../support/real-ports.ts';
import { Program } from './program.ts';

const MIB = 1024 ** 2;

/** A client before what stands between (a proxy or a relay) before a server, each a process. */
type Chain = { readonly client: Program; readonly between: Program; readonly server: Program };

async function chain(t: ExecutionContext, program: string, adapter: string): Promise<Chain> {
  t.timeout(20_000, 'the test has not ended');
  const server = Program.run(t, 'upstream-program');
  const target = String((await server.ask('listen')).port);
  const between = Program.run(t, program, adapter, target);
  const { port } = await between.ask('listen');
  const client = Program.run(t, 'client-program', '127.0.0.1', String(port));
  await client.ask('small');
  await client.until(({ status }) => status === 200);
  await client.ask('leave');
  return { client, between, server };
}

/** A transfer that is on its way through all three. */
async function under(way: 'source' | 'upload', { client, server }: Chain): Promise<void> {
  await client.ask(way);
  if (way === 'source') await client.until(({ received = 0 }) => received > MIB);
  else await server.until(({ received = 0 }) => received > MIB);
}

async function die(program: Program): Promise<void> {
  program.kill();
  await program.exited;
}

const TRANSFERS = { source: 'a download', upload: 'an upload' } as const;

for (const adapter of Object.keys(REAL_PORTS)) {
  for (const [way, what] of Object.entries(TRANSFERS) as [keyof typeof TRANSFERS, string][]) {
    test.serial(
      `a client that is killed within ${what} ends both sides (${adapter})`,
      async (t) => {
        const all = await chain(t, 'proxy-program', adapter);
        await under(way, all);
        await die(all.client);
        await all.server.until(({ open }) => open === 0);
        const state = await all.between.until(({ connections }) => connections === 0);
        t.like(state, { buffers: 0, parsers: 0 });
        t.true((state.sockets ?? 0) <= 2, 'the listener, and an idle connection to the server');
        t.is(all.between.errors, '');
      },
    );

    test.serial(
      `a server that is killed within ${what}: the client sees it (${adapter})`,
      async (t) => {
        const all = await chain(t, 'proxy-program', adapter);
        await under(way, all);
        await die(all.server);
        const seen = await all.client.until(({ ended }) => ended !== 0);
        if (way === 'source') t.is(seen.ended, 2, 'a cut answer ends by a reset');
        else t.true(seen.status === 502 || seen.ended === 2, JSON.stringify(seen));
        const state = await all.between.until(
          ({ sockets, connections }) => sockets === 1 && connections === 0,
        );
        t.like(state, { buffers: 0, parsers: 0 });
        t.is(all.between.errors, '');
      },
    );

    test.serial(
      `a relay ends both sides when a peer is killed within ${what} (${adapter})`,
      async (t) => {
        for (const victim of ['client', 'server'] as const) {
          const all = await chain(t, 'relay-program', adapter);
          await all.between.until(({ sockets }) => sockets === 1);
          await under(way, all);
          await die(all[victim]);
          if (victim === 'client') await all.server.until(({ open }) => open === 0);
          else t.true(((await all.client.until(({ ended }) => ended !== 0)).ended ?? 0) > 0);
          await all.between.until(({ sockets, ended }) => sockets === 1 && ended === 2);
          t.is(all.between.errors, '');
        }
      },
    );
  }
}
