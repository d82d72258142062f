import { SimProactor, SimWorld } from '../../../adapters/sim/index.ts';
import type { ProgramConf } from '../../config/index.ts';
import type { ListenOperation } from '../../core/operation.ts';
import { listenOperation } from '../../core/operations.ts';
import type { ProactorPort } from '../../core/proactor.ts';
import { connect } from '../../net/index.ts';
import { type Environment, MODULES, Site } from '../../server/index.ts';
import { systemFiles } from '../files.ts';
import { chooseListener, serverChoice } from './server-choice.ts';
import { type Tell, tracedModules } from './traced-modules.ts';

/** Longest that a request may take, on the clock of a network that is not there. */
const TIME_MS = 120_000;
const LOOPBACK = { family: 'ipv4', address: '127.0.0.1', port: 0 } as const;
const COLUMN = 10;

/**
 * What a GET for this URL would meet, as text. The request really runs through the site, on a
 * network in memory: no server is asked, no plugin runs, nothing is written.
 */
export async function explain(conf: ProgramConf, url: string): Promise<string> {
  const parsed = /^http:\/\/(\[[^\]]+\]|[^/?#:]+)(?::(\d+))?([^#]*)/i.exec(url);
  if (parsed === null) throw new TypeError(`"${url}" is no http:// URL`);
  const [, host = '', port = '80', rest = ''] = parsed;
  const target = rest.startsWith('/') ? rest : `/${rest}`;
  const lines: string[] = [`GET ${url}`];
  let answer: string | undefined;
  // An answer ends the story, wherever in it that is told.
  const tell: Tell = (about, text) => {
    const line = `${about.padEnd(COLUMN)}${text}`;
    if (about === 'answer') answer ??= line;
    else if (answer === undefined || about === 'return' || about === 'content') lines.push(line);
  };
  if (conf.site === undefined) return `${lines[0]}\nthere is no http block\n`;
  const world = new SimWorld({ seed: 1 });
  const simPort = new SimProactor(world.local);
  const environment = environmentOf(simPort, conf, tell);
  // Plugins are not loaded: what they do is theirs to say.
  const site = new Site(conf.site, environment, tracedModules(withoutPlugins(), tell));
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  const chosen = chooseListener(site.listeners, bare, Number(port));
  if (chosen === undefined) {
    const all = site.listeners.map(({ conf: one }) => one.text).join(', ');
    return `${lines[0]}\nnobody listens on port ${port}; these are listened on: ${all}\n`;
  }
  const { listener, why } = chosen;
  tell('listen', `${listener.conf.text}: ${why}`);
  tell('server', serverChoice(listener.servers.find(bare).conf, bare));
  const head = `GET ${target} HTTP/1.1\r\nHost: ${host}${port === '80' ? '' : `:${port}`}\r\n`;
  const preface = listener.conf.proxyProtocol ? 'PROXY TCP4 127.0.0.1 127.0.0.1 1 80\r\n' : '';
  await world.drive(ask(simPort, site, listener, `${preface}${head}Connection: close\r\n\r\n`));
  if (answer !== undefined) lines.push(answer);
  return `${lines.join('\n')}\n`;
}

function withoutPlugins(): typeof MODULES {
  return MODULES.filter(({ name }) => name !== 'phases' && name !== 'response-phases');
}

/** Sends the request, and reads until the site has closed the connection. */
async function ask(
  port: ProactorPort,
  site: Site,
  listener: Site['listeners'][number],
  text: string,
): Promise<void> {
  const listen = await new Promise<ListenOperation>((resolve) => {
    port.submit(listenOperation(LOOPBACK, resolve));
  });
  listener.endpoint = listener.conf.endpoint;
  site.serve(listener, listen.socket);
  const stream = await connect(port, listen.bound ?? LOOPBACK);
  await stream.send(Buffer.from(text, 'latin1'));
  const deadlineMs = port.loop.nowMs() + TIME_MS;
  for await (const _chunk of stream) if (port.loop.nowMs() > deadlineMs) break;
  await stream.close();
  await site.close(0);
}

function environmentOf(port: ProactorPort, conf: ProgramConf, tell: Tell): Environment {
  let drawn = 1;
  const nowhere = { code: 'EROFS', errno: 30 };
  return {
    port,
    // As good as any: the explanation is the same each time.
    random: {
      nextUint32: () => {
        drawn = (drawn * 1_664_525 + 1_013_904_223) >>> 0;
        return drawn;
      },
    },
    wallMs: Date.now,
    files: { ...systemFiles, temporary: () => nowhere, write: () => nowhere, remove: () => {} },
    pid: process.pid,
    hostname: 'localhost',
    hosts: placeholders(conf),
    log: () => ({ write: () => {} }),
    errorLog: () => ({
      takes: (level) => level !== 'debug' && level !== 'info' && level !== 'notice',
      write: (_level, text) => tell('log', text.replace(/^\*\d+ |, client: .*/g, '')),
    }),
  };
}

/** Nobody is asked for names: each has an address that is for documentation alone (RFC 5737). */
function placeholders({ hosts }: ProgramConf): ReadonlyMap<string, readonly string[]> {
  return new Map(hosts.map(({ name }) => [name, ['192.0.2.1']]));
}
