import type { ListenConf, ServerConf, ServerName } from '../../server/index.ts';

/** Why a server has a request for `host`. */
export function serverChoice(server: ServerConf, host: string): string {
  const name = server.names.find((one) => covers(one, host));
  if (name === undefined) return `no server_name is "${host}": it is the default server there`;
  switch (name.kind) {
    case 'exact':
      return `server_name "${name.name}" is exactly the host`;
    case 'suffix':
      return `server_name "*${name.suffix}" covers the host`;
    case 'prefix':
      return `server_name "${name.prefix}*" covers the host`;
    case 'regex':
      return `server_name "~${name.regex.source}" matches the host`;
    default:
      return name satisfies never;
  }
}

function covers(name: ServerName, host: string): boolean {
  if (name.kind === 'exact') return name.name === host;
  if (name.kind === 'suffix') return host.length > name.suffix.length && host.endsWith(name.suffix);
  if (name.kind === 'prefix') return host.startsWith(name.prefix);
  return name.regex.test(host);
}

/** The listener that a client would reach: that of the address itself before those of all. */
export function chooseListener<Listener extends { readonly conf: ListenConf }>(
  listeners: readonly Listener[],
  host: string,
  port: number,
): { readonly listener: Listener; readonly why: string } | undefined {
  const there = listeners.filter(({ conf }) => conf.endpoint.port === port);
  const own = there.find(({ conf }) => conf.endpoint.address === host);
  if (own !== undefined) return { listener: own, why: 'its address is that of the URL' };
  const wild = there.find(({ conf }) => /^(?:0\.0\.0\.0|::)$/.test(conf.endpoint.address));
  if (wild !== undefined) return { listener: wild, why: `it listens on every address` };
  const [first] = there;
  if (first === undefined) return undefined;
  const others = there.length - 1;
  const more = others === 0 ? '' : `; ${others} more listen there on other addresses`;
  return { listener: first, why: `taken for the address of "${host}"${more}` };
}
