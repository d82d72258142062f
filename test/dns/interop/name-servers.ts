import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** How long a server may take until it answers, in milliseconds. */
const START_MS_MAX = 15_000;
const PROBE_MS = 100;
const STOP_MS_MAX = 5_000;
/** More than fit into 1,232 bytes, and as many of one name as BIND loads unless it is told otherwise. */
export const MANY_RECORDS = 100;

const many = Array.from({ length: MANY_RECORDS }, (_, i) => `192.0.2.${i + 1}`);

const ZONE = `$ORIGIN interop.test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
a A 192.0.2.1
aaaa AAAA 2001:db8::1
both A 192.0.2.2
both AAAA 2001:db8::2
one CNAME two
two CNAME both
_http._tcp SRV 10 5 8080 both
_http._tcp SRV 20 5 8081 a
empty TXT "nothing else"
svc TYPE65 \\# 10 0001 00 0001 0003 02 68 32
${many.map((address) => `many A ${address}`).join('\n')}
`;

const HOSTS = `192.0.2.1 a.interop.test
2001:db8::1 aaaa.interop.test
192.0.2.2 both.interop.test
2001:db8::2 both.interop.test
${many.map((address) => `${address} many.interop.test`).join('\n')}
`;

type Files = Readonly<Record<string, string>>;

/** A program, and how it is told to serve the zone on a port of 127.0.0.1 and ::1. */
type Program = {
  readonly name: string;
  readonly path: string;
  files(folder: string, port: number): Files;
  args(folder: string, port: number): readonly string[];
};

const PROGRAMS: readonly Program[] = [
  {
    name: 'nsd',
    path: '/usr/sbin/nsd',
    files: (folder, port) => ({
      zone: ZONE,
      conf: `server:
  server-count: 1
  ip-address: 127.0.0.1@${port}
  ip-address: ::1@${port}
  username: ""
  zonesdir: ${folder}
  database: ""
  pidfile: ${folder}/nsd.pid
  xfrdfile: ${folder}/xfrd.state
  xfrdir: ${folder}
  zonelistfile: ${folder}/zone.list
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: interop.test
  zonefile: zone
`,
    }),
    args: (folder) => ['-d', '-c', join(folder, 'conf')],
  },
  {
    name: 'unbound',
    path: '/usr/sbin/unbound',
    files: (folder, port) => ({
      zone: ZONE,
      conf: `server:
  interface: 127.0.0.1@${port}
  interface: ::1@${port}
  access-control: ::1/128 allow
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  directory: ${folder}
  use-syslog: no
  num-threads: 1
  do-not-query-localhost: no
  local-zone: "test." nodefault
auth-zone:
  name: interop.test.
  zonefile: ${folder}/zone
remote-control:
  control-enable: no
`,
    }),
    args: (folder) => ['-d', '-c', join(folder, 'conf')],
  },
  {
    name: 'knot',
    path: '/usr/sbin/knotd',
    files: (folder, port) => ({
      zone: ZONE,
      conf: `server:
  listen: [127.0.0.1@${port}, ::1@${port}]
  rundir: ${folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}
zone:
  - domain: interop.test
    storage: ${folder}
    file: zone
    zonefile-sync: -1
    journal-content: none
log:
  - target: stderr
    any: error
`,
    }),
    args: (folder) => ['-c', join(folder, 'conf')],
  },
  {
    name: 'bind9',
    path: '/usr/sbin/named',
    files: (folder, port) => ({
      zone: ZONE,
      conf: `options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 port ${port} { ::1; };
  pid-file none;
  session-keyfile "${folder}/session.key";
  lock-file none;
  recursion no;
  dnssec-validation no;
};
controls { };
zone "interop.test" { type primary; file "zone"; };
`,
    }),
    args: (folder) => ['-g', '-n', '1', '-c', join(folder, 'conf')],
  },
  {
    name: 'dnsmasq',
    path: '/usr/sbin/dnsmasq',
    files: () => ({ conf: '', hosts: HOSTS }),
    args: (folder, port) => [
      '--keep-in-foreground',
      `--conf-file=${join(folder, 'conf')}`,
      `--user=${userInfo().username}`,
      '--pid-file=',
      `--port=${port}`,
      '--listen-address=127.0.0.1,::1',
      '--bind-interfaces',
      '--no-resolv',
      '--no-hosts',
      `--addn-hosts=${join(folder, 'hosts')}`,
      '--local=/test/',
      '--local-ttl=300',
      '--cname=one.interop.test,two.interop.test',
      '--cname=two.interop.test,both.interop.test',
      '--srv-host=_http._tcp.interop.test,both.interop.test,8080,10,5',
      '--srv-host=_http._tcp.interop.test,a.interop.test,8081,20,5',
      '--txt-record=empty.interop.test,nothing else',
      '--dns-rr=svc.interop.test,65,00010000010003026832',
    ],
  },
];

/** Whom to ask, over either family. */
export type RunningServer = {
  readonly port: number;
  stop(): Promise<void>;
};

/** A server that can be had here, or why it cannot. */
export type Candidate = {
  readonly name: string;
  readonly whyNot: string | undefined;
  start(): Promise<RunningServer>;
};

export const NAME_SERVERS: readonly Candidate[] = PROGRAMS.map((program) => ({
  name: program.name,
  whyNot: existsSync(program.path) ? undefined : `${program.path} is not installed`,
  start: () => start(program),
}));

async function start(program: Program): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), `sluice-${program.name}-`));
  const port = await freePort();
  for (const [file, text] of Object.entries(program.files(folder, port))) {
    writeFileSync(join(folder, file), text);
  }
  const child = spawn(program.path, program.args(folder, port), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said = (said + text).slice(-1_000);
    });
  }
  const stop = async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answering(child, port);
    return { port, stop };
  } catch (error) {
    await stop();
    throw new Error(`${program.name} does not answer: ${said}`, { cause: error });
  }
}

/** Free for UDP and TCP at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.close();
  server.close();
  await Promise.all([once(socket, 'close'), once(server, 'close')]);
  return port;
}

/** Asks for `a.interop.test` over IPv6, the last interface to be opened, until there is an answer. */
async function answering(child: ChildProcess, port: number): Promise<void> {
  const query = Buffer.from(
    '\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\x07interop\x04test\0\0\x01\0\x01',
    'latin1',
  );
  const endMs = performance.now() + START_MS_MAX;
  while (performance.now() < endMs) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`);
    const socket = createSocket('udp6');
    socket.on('error', () => {}); // Refused until it listens.
    socket.connect(port, '::1', () => socket.send(query));
    const signal = AbortSignal.timeout(PROBE_MS);
    const answer = await once(socket, 'message', { signal }).catch(() => undefined);
    socket.close();
    const rcode = answer === undefined ? -1 : (answer[0] as Buffer).readUInt8(3) & 15;
    if (rcode === 0) return;
  }
  throw new Error('in time');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exit;
  clearTimeout(timer);
}
