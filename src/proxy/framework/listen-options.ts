import type { Endpoint } from '../../core/endpoint.ts';
import type { HeadLimits } from '../../http/head-limits.ts';
import type { ServerTimeouts } from '../../http/server-options.ts';
import { checkedTimes, checkNames, wholeNumber } from '../checked-numbers.ts';
import { type ProxyConfig, proxyConfig } from '../proxy-config.ts';
import type { ListenLimits, ListenOptions, ListenTimeouts } from './running.ts';

const ANY_ADDRESS = '0.0.0.0';
const PORT_MAX = 65_535;
const HANDLER_MS = 60_000;

/** What `listen` reads: in the order of the type, where each has its sentence. */
const NAMES: Readonly<Record<keyof ListenOptions, true>> = {
  port: true,
  host: true,
  socketPath: true,
  timeouts: true,
  limits: true,
  core: true,
  resolver: true,
  lookup: true,
  accessLog: true,
  forwardedFor: true,
  underscores: true,
  earlyHints: true,
  upgrades: true,
  onError: true,
};

const UNDERSCORES = ['drop', 'keep', 'refuse'];

/** What `listen` was given, as options. Throws `TypeError` for what it would not understand. */
export function listenOptions(given: number | ListenOptions): ListenOptions {
  const options = typeof given === 'number' ? { port: given } : given;
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('listen() takes a port or an object of options');
  }
  checkNames('listen()', options, Object.keys(NAMES));
  if (options.socketPath === undefined) wholeNumber('port', options.port, 0, PORT_MAX);
  if (options.host !== undefined && typeof options.host !== 'string') {
    throw new TypeError('host is a numeric address');
  }
  const { underscores, upgrades, accessLog } = options;
  if (underscores !== undefined && !UNDERSCORES.includes(underscores)) {
    throw new TypeError(`underscores is '${underscores}', none of ${UNDERSCORES.join(', ')}`);
  }
  if (upgrades !== undefined && !Array.isArray(upgrades)) {
    throw new TypeError('upgrades is a list of protocols');
  }
  if (accessLog !== undefined && typeof accessLog.write !== 'function') {
    throw new TypeError('accessLog has no function `write`');
  }
  return options;
}

/** Where to listen. */
export function endpointOf({ port, host = ANY_ADDRESS, socketPath }: ListenOptions): Endpoint {
  if (socketPath !== undefined) return { family: 'unix', address: socketPath, port: 0 };
  const address = host === 'localhost' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1');
  return { family: address.includes(':') ? 'ipv6' : 'ipv4', address, port };
}

/** The options as what the proxy below the framework is configured with. */
export function configOf({
  timeouts,
  limits = {},
  forwardedFor = true,
  underscores = 'drop',
  earlyHints = false,
}: ListenOptions): ProxyConfig {
  const none = proxyConfig({ upstream: { authority: 'none', servers: [] } });
  return {
    ...none,
    ...limitsOf(limits, none),
    forwardedFor,
    // Whether there is a tunnel is for the phases to say.
    headRules: { ...none.headRules, underscores, connect: true },
    earlyHints,
    timeouts: timesOf(none.timeouts, timeouts),
  };
}

/** The deadlines of connections: what `timeouts` says but for `handlerMs`. */
function timesOf(defaults: ServerTimeouts, given: ListenTimeouts = {}): ServerTimeouts {
  const { handlerMs: _, ...times } = checkedTimes('timeouts', { ...defaults, handlerMs: 0 }, given);
  return times;
}

/** How long a handler may take, in milliseconds. */
export function handlerMsOf({ timeouts }: ListenOptions): number {
  return timeouts?.handlerMs ?? HANDLER_MS;
}

type Limits = Pick<ProxyConfig, 'headLimits' | 'bodyBytesMax' | 'requestsMax'>;

function limitsOf(limits: ListenLimits, none: Limits): Limits {
  checkNames('limits', limits, ['headBytes', 'headFields', 'bodyBytes', 'requestsPerConnection']);
  const { headLimits, bodyBytesMax, requestsMax } = none;
  const { headBytes = headLimits.headBytesMax, headFields = headLimits.fieldsMax } = limits;
  const { bodyBytes = bodyBytesMax, requestsPerConnection = requestsMax } = limits;
  return {
    headLimits: headLimitsOf(headLimits, headBytes, headFields),
    bodyBytesMax: orNone('limits.bodyBytes', bodyBytes, 0),
    requestsMax: orNone('limits.requestsPerConnection', requestsPerConnection, 1),
  };
}

function headLimitsOf(limits: HeadLimits, headBytes: number, headFields: number): HeadLimits {
  return {
    ...limits,
    headBytesMax: wholeNumber('limits.headBytes', headBytes, 1, Number.MAX_SAFE_INTEGER),
    fieldsMax: wholeNumber('limits.headFields', headFields, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** A limit that may be said to be none. */
function orNone(where: string, value: number, min: number): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  return wholeNumber(where, value, min, Number.MAX_SAFE_INTEGER);
}
