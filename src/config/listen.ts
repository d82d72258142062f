import type { Endpoint } from '../core/endpoint.ts';
import type { ListenConf } from '../server/conf/site-conf.ts';
import type { Use } from './directive.ts';
import { listenAddressOf } from './listen-address.ts';
import { numberOf, sizeOf, timeOf } from './values.ts';

const BACKLOG = 511;

/** Parameters that tune a socket and that are left at the system's values. */
const TUNING = /^(?:bind|deferred|setfib=\d+|accept_filter=\w+)$/;

/**
 * `listen 127.0.0.1:80 default_server backlog=128`, with the words of `use` from the first one on;
 * `isKnown`: words that the caller has read.
 */
export function listenOf(use: Use, isKnown?: (word: string) => boolean): ListenConf {
  return listensOf(use, isKnown)[0] as ListenConf;
}

/** The same where a range of ports is taken for several addresses. */
export function listensOf(
  use: Use,
  isKnown: (word: string) => boolean = () => false,
): readonly ListenConf[] {
  const [address = '', ...words] = use.args;
  const parameters = words.filter((word) => !isKnown(word));
  const found = listenAddressOf(address);
  if ('problem' in found) {
    return use.fail(`${found.problem} in "${address}" of the "${use.name}" directive`);
  }
  const [endpoint] = found.endpoints as readonly [Endpoint];
  let listen: ListenConf = {
    endpoint,
    text: addressText(endpoint),
    defaultServer: false,
    proxyProtocol: false,
    backlog: BACKLOG,
    reusePort: false,
    fastOpen: 0,
    ipv6Only: true,
  };
  for (const parameter of parameters) listen = { ...listen, ...parameterOf(use, parameter) };
  return found.endpoints.map((one) => ({ ...listen, endpoint: one, text: addressText(one) }));
}

function parameterOf(use: Use, parameter: string): Partial<ListenConf> {
  if (parameter === 'default_server' || parameter === 'default') return { defaultServer: true };
  if (parameter === 'proxy_protocol') return { proxyProtocol: true };
  if (parameter === 'reuseport') return { reusePort: true };
  const [name = '', value = ''] = parameter.split('=');
  if (name === 'backlog') return { backlog: positive(use, parameter, value) };
  if (name === 'fastopen') return { fastOpen: positive(use, parameter, value) };
  if (name === 'ipv6only') {
    if (value !== 'on' && value !== 'off') use.fail(`invalid ipv6only flags "${value}"`);
    return { ipv6Only: value === 'on' };
  }
  if (parameter === 'ssl' || parameter === 'quic') {
    use.fail(`the "${parameter}" parameter is not supported yet`, 'TLS is not there yet');
  }
  if (parameter === 'http2') {
    use.warn('the "listen ... http2" directive is deprecated, use the "http2" directive instead');
    return {};
  }
  if (TUNING.test(parameter)) return {};
  if (name === 'rcvbuf' || name === 'sndbuf') {
    if (sizeOf(value) === undefined) use.fail(`invalid ${name} "${parameter}"`);
    return {};
  }
  if (name === 'so_keepalive') {
    if (!isKeepAlive(value)) use.fail(`invalid so_keepalive value: "${value}"`);
    return {};
  }
  return use.fail(`invalid parameter "${parameter}"`);
}

/** `on`, `off`, or `idle:interval:count`, of which any may be missing, but not all. */
function isKeepAlive(text: string): boolean {
  if (text === 'on' || text === 'off') return true;
  const parts = text.split(':');
  if (parts.length > 3 || parts.every((part) => part === '')) return false;
  const [idle = '', interval = '', count = ''] = parts;
  const isTime = (part: string): boolean => part === '' || timeOf(part) !== undefined;
  return isTime(idle) && isTime(interval) && (count === '' || Number(numberOf(count)) > 0);
}

function positive(use: Use, parameter: string, text: string): number {
  const value = numberOf(text);
  if (value === undefined || value === 0) {
    use.fail(`invalid ${parameter.split('=')[0]} "${parameter}"`);
  }
  return value;
}

/** The one address that `text` means; `undefined`: it means none, or several. */
export function endpointOf(text: string): Endpoint | undefined {
  const address = listenAddressOf(text);
  if ('problem' in address || address.endpoints.length > 1) return undefined;
  return address.endpoints[0];
}

/** As nginx names an address in its messages. */
export function addressText({ family, address, port }: Endpoint): string {
  if (family === 'unix') return `unix:${address}`;
  return family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
