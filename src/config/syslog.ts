import type { Endpoint } from '../core/endpoint.ts';
import { listenAddressOf } from './listen-address.ts';

/** Numbers of RFC 3164 §4.1.1: their places in the list. */
const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'intern',
  'lpr',
  'news',
  'uucp',
  'clock',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'cron',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];
const SEVERITIES = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'];
const TAG_LENGTH_MAX = 32;
const PORT = 514;

/** Where a log goes that is sent over the network. */
export type SyslogConf = {
  readonly server: Endpoint;
  readonly facility: number;
  /** Of lines that have no level of their own. */
  readonly severity: number;
  readonly tag: string;
  readonly hostname: boolean;
};

/** Does the log go over the network? */
export function isSyslog(path: string): boolean {
  return path.startsWith('syslog:');
}

/** Reads `syslog:server=127.0.0.1,facility=local7,…`; a text: what is wrong with it. */
export function syslogOf(path: string): SyslogConf | string {
  const known = new Map<string, string>();
  for (const part of path.slice('syslog:'.length).split(',')) {
    const problem = takePart(known, part);
    if (problem !== undefined) return problem;
  }
  const server = known.get('server');
  if (server === undefined) return 'no syslog server specified';
  const endpoint = serverOf(server);
  if (typeof endpoint === 'string') return endpoint;
  return {
    server: endpoint,
    facility: FACILITIES.indexOf(known.get('facility') ?? 'local7'),
    severity: SEVERITIES.indexOf(known.get('severity') ?? 'info'),
    tag: known.get('tag') ?? 'nginx',
    hostname: !known.has('nohostname'),
  };
}

function takePart(known: Map<string, string>, part: string): string | undefined {
  const [, name = '', value = ''] = /^(server|facility|severity|tag)=(.*)$/.exec(part) ?? [];
  if (part === 'nohostname') known.set(part, '');
  else if (name === '') return `unknown syslog parameter "${part}"`;
  else if (known.has(name)) return `duplicate syslog "${name}"`;
  else known.set(name, value);
  return problemOf(name, value);
}

function problemOf(name: string, value: string): string | undefined {
  if (name === 'facility' && !FACILITIES.includes(value)) {
    return `unknown syslog facility "${value}"`;
  }
  if (name === 'severity' && !SEVERITIES.includes(value)) {
    return `unknown syslog severity "${value}"`;
  }
  if (name !== 'tag') return undefined;
  if (value.length > TAG_LENGTH_MAX) return 'syslog tag length exceeds 32';
  if (/^\w*$/.test(value)) return undefined;
  return 'syslog "tag" only allows alphanumeric characters and underscore';
}

function serverOf(text: string): Endpoint | string {
  if (text.startsWith('unix:')) return 'syslog over UNIX sockets is not supported yet';
  const hasPort = /^(?:\[[^\]]*\]|[^:]*):/.test(text);
  const found = listenAddressOf(hasPort ? text : `${text}:${PORT}`);
  if ('problem' in found) return `${found.problem} in syslog server "${text}"`;
  return found.endpoints[0] as Endpoint;
}
