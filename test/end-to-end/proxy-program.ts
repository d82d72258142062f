import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type AdapterName, openPort } from '../../src/cli/open-port.ts';
import { SERVER_TIMEOUTS } from '../../src/http/server-options.ts';
import { proxyConfig, ReverseProxy } from '../../src/proxy/index.ts';
import { UPSTREAM_TIMEOUTS } from '../../src/proxy/proxy-config.ts';
import { serve } from './program.ts';

// A proxy on the adapter that the first argument names, before the servers that the others are:
// ports of 127.0.0.1, or ADDRESS:PORT. --listen ADDRESS; --timeout-ms for everything it waits for.
const GIB = 1024 ** 3;
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { listen: { type: 'string', default: '127.0.0.1' }, 'timeout-ms': { type: 'string' } },
});
const [adapter, ...targets] = positionals;
const port = openPort({ adapter: adapter as AdapterName });
const servers = targets.map((target) => {
  const [number, address = '127.0.0.1'] = target.split(':').reverse();
  return { family: 'ipv4', address, port: Number(number) } as const;
});

/** All of them the same, where the arguments say so. */
function timeouts<Timeouts extends Readonly<Record<string, number>>>(usual: Timeouts): Timeouts {
  const ms = values['timeout-ms'];
  if (ms === undefined) return usual;
  return Object.fromEntries(Object.keys(usual).map((name) => [name, Number(ms)])) as Timeouts;
}

const config = proxyConfig({
  upstream: { authority: 'x', servers, timeouts: timeouts(UPSTREAM_TIMEOUTS) },
  timeouts: timeouts(SERVER_TIMEOUTS),
  bodyBytesMax: 2 * GIB,
});
const statuses = new Map<string, number>();
const log = {
  write(lines: string): void {
    for (const [, status] of lines.matchAll(/" (\d{3}) \d+ "/g)) {
      statuses.set(status as string, (statuses.get(status as string) ?? 0) + 1);
    }
  },
  wallMs: () => Date.now(),
};
const proxy = new ReverseProxy(port, config, { log });

serve({
  listen: async () => {
    const endpoint = { family: 'ipv4', address: values.listen, port: 0 } as const;
    return { port: (await proxy.listen(endpoint)).port };
  },
  state: () => {
    proxy.log?.flush();
    const { buffers, parsers } = proxy.target.client;
    const lent = { buffers: buffers.lent, parsers: parsers.lent };
    const { connections } = proxy;
    const { user, system } = process.cpuUsage();
    const used = { cpuMs: (user + system) / 1000, descriptors: openDescriptors() };
    const sockets = port.openSockets;
    return { sockets, connections, ...lent, ...used, ...Object.fromEntries(statuses) };
  },
});

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
