import type { Request, UpstreamConf } from '../../server/index.ts';
import { runOf } from '../../server/index.ts';

/** Where a request goes that `proxy_pass` has taken. */
export function proxyLines(request: Request): readonly string[] {
  const run = runOf(request);
  const destination = run?.destination;
  if (run === undefined || destination === undefined) return [];
  const { method } = request.location.conf.proxyMethod === undefined ? request : run;
  const lines = [`${run.method || method} http://${destination.host}${run.uri}`];
  const { name } = destination.target.group.config;
  const group = request.site.conf.upstreams.find((one) => one.name === name);
  if (group === undefined) lines.push(`no upstream is called "${name}": it is the server itself`);
  else lines.push(...groupLines(group));
  if (destination.named !== undefined) {
    const { servers = [] } = request.location.conf.resolver ?? {};
    lines.push(`a variable has named it: ${servers.join(', ')} would be asked where it is`);
  }
  return lines;
}

function groupLines({ name, servers, balance, sticky }: UpstreamConf): readonly string[] {
  const key = balance.method === 'hash' && balance.consistent ? ', consistent' : '';
  const bound = sticky === undefined ? '' : `, sticky ${sticky.kind}`;
  return [
    `upstream "${name}" (${balance.method}${key}${bound})`,
    ...servers.map((server) => {
      const words = [server.address];
      if (server.weight !== 1) words.push(`weight=${server.weight}`);
      if (server.maxConns > 0) words.push(`max_conns=${server.maxConns}`);
      if (server.resolve) words.push('resolve');
      if (server.service !== undefined) words.push(`service=${server.service}`);
      if (server.route !== undefined) words.push(`route=${server.route}`);
      if (server.backup) words.push('backup');
      if (server.drain) words.push('drain');
      if (server.down) words.push('down');
      return `  server ${words.join(' ')}`;
    }),
  ];
}
