import { type AdapterName, openPort } from '../../src/cli/open-port.ts';
import { proxyConfig, ReverseProxy } from '../../src/proxy/index.ts';
import { serve } from './program.ts';

// A proxy on the adapter that the first argument names, before servers whose ports are the others.
const GIB = 1024 ** 3;
const [adapter, ...ports] = process.argv.slice(2);
const port = openPort({ adapter: adapter as AdapterName });
const servers = ports.map((text) => {
  return { family: 'ipv4', address: '127.0.0.1', port: Number(text) } as const;
});
const config = proxyConfig({ upstream: { authority: 'x', servers }, bodyBytesMax: 2 * GIB });
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
    return { port: (await proxy.listen({ family: 'ipv4', address: '127.0.0.1', port: 0 })).port };
  },
  state: () => {
    proxy.log?.flush();
    const { buffers, parsers } = proxy.client;
    const lent = { buffers: buffers.lent, parsers: parsers.lent };
    const { connections } = proxy;
    return { sockets: port.openSockets, connections, ...lent, ...Object.fromEntries(statuses) };
  },
});
