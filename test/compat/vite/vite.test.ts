import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { WebSocket, WebSocketServer } from 'ws';
import {
  createProxyServer,
  type ProxyServer,
  type Replaceable,
  type ServerOptions,
  takeOver,
} from '../../../src/compat/http-proxy/index.ts';
import { ask, textOf, until, World } from '../http-proxy/world.ts';
import { Browser, hasChromium } from './browser.ts';
import { installedVite, type Vite } from './installed-vite.ts';

const vite = await installedVite();
const withVite = typeof vite === 'string' ? test.skip : test;
if (typeof vite === 'string') test(`skipped: ${vite}`, (t) => t.pass());

const canBrowse = hasChromium();
const withBrowser = canBrowse ? withVite : test.skip;
if (!canBrowse) test('Chromium is not here: its tests are skipped', (t) => t.pass());

const PAGE = `<!doctype html>
<p id="message"></p><p id="api"></p><p id="socket"></p>
<script type="module" src="/main.js"></script>`;

const MAIN = `import { message } from './message.js';
const show = (id, text) => { document.getElementById(id).textContent = text; };
show('message', message);
window.loads = (window.loads ?? 0) + 1;
import.meta.hot.accept('./message.js', (next) => show('message', next.message));
fetch('/api/hello', { method: 'POST', body: 'browser' }).then((r) => r.text()).then((text) => show('api', text));
const socket = new WebSocket('ws://' + location.host + '/socket');
socket.onopen = () => socket.send('over a socket');
socket.onmessage = ({ data }) => show('socket', data);`;

/** What a test has: Vite before a backend, and a proxy before Vite. */
type Site = {
  readonly directory: string;
  readonly viteUrl: string;
  readonly frontUrl: string;
  readonly front: ProxyServer;
  /** The proxies that Vite uses, by what they are for. */
  readonly within: ReadonlyMap<string, ProxyServer>;
};

/** Answers and echoes, as the application that is being developed. */
async function backend(world: World): Promise<string> {
  const server = createServer(async (req, res) => res.end(`${req.url} says ${await textOf(req)}`));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(`echo of ${data}`));
  });
  return `127.0.0.1:${await world.open(server)}`;
}

async function siteOf(t: ExecutionContext): Promise<Site> {
  t.timeout(60_000);
  const world = new World(t, createProxyServer);
  const directory = mkdtempSync(`${tmpdir()}/sluice-vite-`);
  writeFileSync(`${directory}/index.html`, PAGE);
  writeFileSync(`${directory}/main.js`, MAIN);
  writeFileSync(`${directory}/message.js`, `export const message = 'first';`);
  const host = await backend(world);
  const within = new Map<string, ProxyServer>();
  const configure = (name: string) => (proxy: Replaceable, options: ServerOptions) => {
    within.set(name, takeOver(proxy, options));
  };
  const rewrite = (path: string) => path.replace('/api', '/from-vite');
  const server = await (vite as Vite).createServer({
    root: directory,
    configFile: false,
    logLevel: 'silent',
    cacheDir: `${directory}/.cache`,
    optimizeDeps: { noDiscovery: true },
    server: {
      host: '127.0.0.1',
      port: 20_000 + (process.pid % 20_000), // Vite takes the next one that is free.
      proxy: {
        '/api': { target: `http://${host}`, rewrite, configure: configure('api') },
        '/socket': { target: `ws://${host}`, ws: true, configure: configure('socket') },
        '/nothing': { target: 'http://127.0.0.1:1', configure: configure('nothing') },
      },
    },
  });
  await server.listen();
  t.teardown(async () => {
    for (const proxy of within.values()) proxy.close();
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const { port } = server.httpServer.address() as AddressInfo;
  const viteUrl = `http://127.0.0.1:${port}`;
  const front = createProxyServer({ target: viteUrl, ws: true });
  return { directory, viteUrl, front, frontUrl: await world.front(front), within };
}

withVite('server.proxy of Vite sends requests through a proxy that has taken over', async (t) => {
  const { viteUrl, within } = await siteOf(t);
  const answer = await ask(viteUrl, '/api/x?y', { method: 'POST', body: 'hello' });
  t.is(answer.body, '/from-vite/x?y says hello');
  t.is((await ask(viteUrl, '/api/z')).body, '/from-vite/z says ');
  t.like(within.get('api')?.connections.counters, { hits: 1, misses: 1 });
});

withVite('server.proxy of Vite sends WebSockets through a proxy that has taken over', async (t) => {
  const { viteUrl, within } = await siteOf(t);
  let open = 0;
  within.get('socket')?.on('open', () => {
    open += 1;
  });
  const socket = new WebSocket(`${viteUrl.replace('http', 'ws')}/socket`);
  await once(socket, 'open');
  socket.send('x');
  const [data] = await once(socket, 'message');
  t.is(String(data), 'echo of x');
  t.is(open, 1);
  socket.terminate();
});

withVite("a backend that is not there meets Vite's own error handler", async (t) => {
  const { viteUrl } = await siteOf(t);
  const { status, headers } = await ask(viteUrl, '/nothing');
  t.is(status, 502);
  t.is(headers['content-type'], 'text/plain');
});

withVite('a proxy before Vite serves pages, modules and hot updates', async (t) => {
  const { directory, frontUrl, viteUrl } = await siteOf(t);
  const page = await ask(frontUrl, '/', { headers: { Accept: 'text/html' } });
  t.regex(page.body, /\/@vite\/client/);
  const client = await ask(frontUrl, '/@vite/client');
  t.is(client.body.length, (await ask(viteUrl, '/@vite/client')).body.length);
  t.regex((await ask(frontUrl, '/main.js')).body, /message\.js/);
  await ask(frontUrl, '/message.js');
  const [, token = ''] = /wsToken = "([^"]+)"/.exec(client.body) ?? [];
  const hot = new WebSocket(`${frontUrl.replace('http', 'ws')}/?token=${token}`, 'vite-hmr');
  const updates: string[] = [];
  hot.on('message', (data) => updates.push(String(data)));
  await until(() => updates.some((text) => text.includes('"connected"')));
  writeFileSync(`${directory}/message.js`, `export const message = 'second';`);
  await until(() => updates.some((text) => text.includes('/message.js')));
  t.regex((await ask(frontUrl, '/message.js')).body, /second/);
  hot.terminate();
});

withBrowser('in Chromium a page behind the proxy is updated hot, without a reload', async (t) => {
  const { directory, front, frontUrl } = await siteOf(t);
  let tunnels = 0;
  front.on('open', () => {
    tunnels += 1;
  });
  const browser = await Browser.open(frontUrl);
  t.teardown(() => browser.close());
  const text = (id: string) => `document.getElementById('${id}')?.textContent`;
  await browser.until(text('message'), 'first');
  await browser.until(text('api'), '/from-vite/hello says browser');
  await browser.until(text('socket'), 'echo of over a socket');
  await until(() => tunnels >= 2); // The application's, and Vite's own for updates.
  await browser.evaluate('window.same = true');
  writeFileSync(`${directory}/message.js`, `export const message = 'second';`);
  await browser.until(text('message'), 'second');
  t.is(await browser.evaluate('window.same && window.loads'), 1);
});
