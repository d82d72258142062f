import { fileURLToPath } from 'node:url';
import { Lab } from './sim-kit.ts';

/** Something of everything that chance has a part in. Answers the trace's hash. */
export function seededRun(seed: number): string {
  const chaos = { loss: 0.1, duplication: 0.1, reorder: 0.2, latencyMinMs: 1, latencyMaxMs: 30 };
  const { lab, client, server } = new Lab({ seed, ...chaos }).pair();
  for (let i = 0; i < 20; i += 1) client.send(`message ${i}`.repeat(200));
  client.shutdown();
  for (let status = 'done'; status === 'done'; ) {
    const { operation } = server.recv();
    lab.world.runUntil(() => operation.status !== 'pending', 600_000);
    status = operation.status;
  }
  server.close();
  client.close();
  lab.world.run();
  return lab.world.traceHash;
}

// Run by itself, as another process: prints the hash for the seed that it is given.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(seededRun(Number(process.argv[2])));
}
