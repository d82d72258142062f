import test from 'ava';
import {
  parseServer,
  parseServers,
  SERVERS_MAX,
  type ServerSpec,
} from '../../../src/dns/system/server-spec.ts';

const READ: readonly [spec: string | ServerSpec, text: string, transport: 'udp' | 'tcp'][] = [
  ['127.0.0.1', '127.0.0.1:53', 'udp'],
  ['127.0.0.1:5353', '127.0.0.1:5353', 'udp'],
  ['::1', '[::1]:53', 'udp'],
  ['2001:DB8:0::5353', '[2001:db8::5353]:53', 'udp'],
  ['[::1]', '[::1]:53', 'udp'],
  ['[::1]:5353', '[::1]:5353', 'udp'],
  ['fe80::1%eth0', '[fe80::1%eth0]:53', 'udp'],
  ['[fe80::1%eth0.100]:5353', '[fe80::1%eth0.100]:5353', 'udp'],
  ['udp://127.0.0.1', '127.0.0.1:53', 'udp'],
  ['tcp://127.0.0.1', '127.0.0.1:53', 'tcp'],
  ['TCP://[::1]:5353', '[::1]:5353', 'tcp'],
  ['tcp://::1', '[::1]:53', 'tcp'],
  [{ address: '192.0.2.1' }, '192.0.2.1:53', 'udp'],
  [{ address: '::1', port: 5353, transport: 'tcp' }, '[::1]:5353', 'tcp'],
  [{ address: 'fe80::1%4', port: undefined, transport: undefined }, '[fe80::1%4]:53', 'udp'],
];

for (const [spec, text, transport] of READ) {
  test(`the server ${JSON.stringify(spec)} is read`, (t) => {
    const server = parseServer(spec);
    const [, address = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? [];
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    t.deepEqual(server, { endpoint: { family, address, port: Number(port) }, transport, text });
  });
}

const REFUSED: readonly [spec: string | ServerSpec, why: RegExp][] = [
  ['', /an address is missing/],
  ['tcp://', /an address is missing/],
  ['ns.example', /a name, not an address/],
  ['ns.example:53', /a name, not an address/],
  ['1.2.3', /not an IP address/],
  ['127.0.0.01', /not an IP address/],
  ['127.0.0.1%eth0', /not an IP address/],
  ['fe80::1%', /not an IP address/],
  ['[127.0.0.1]:53', /only an IPv6 address stands in brackets/],
  ['[::1', /only a port may follow/],
  ['[::1]53', /only a port may follow/],
  ['127.0.0.1:', /"" is no port/],
  ['127.0.0.1:65536', /"65536" is no port/],
  ['127.0.0.1:0', /from 1 to 65535/],
  ['127.0.0.1:domain', /"domain" is no port/],
  ['https://127.0.0.1', /"https" is no transport: udp, tcp/],
  ['tls://127.0.0.1#one.example', /DNS over TLS is not there yet/],
  [{ address: '127.0.0.1', transport: 'tls', tlsName: 'a' }, /DNS over TLS is not there yet/],
  [{ address: '127.0.0.1', tlsName: 'a' }, /tlsName belongs to the transport tls/],
  [{ address: '[::1]' }, /not an IP address/],
  [{ address: '127.0.0.1', port: 1.5 }, /a whole number from 1 to 65535/],
];

for (const [spec, why] of REFUSED) {
  test(`the server ${JSON.stringify(spec)} is refused with a reason`, (t) => {
    const error = t.throws(() => parseServer(spec), { instanceOf: TypeError, message: why });
    t.regex(error.message, /^name server "/);
  });
}

test('a server that is given twice is asked once', (t) => {
  const servers = parseServers(['127.0.0.1', 'udp://127.0.0.1:53', 'tcp://127.0.0.1', '::1']);
  t.deepEqual(
    servers.map(({ transport, text }) => `${transport} ${text}`),
    ['udp 127.0.0.1:53', 'tcp 127.0.0.1:53', 'udp [::1]:53'],
  );
});

test('there are servers up to the bound, and at least one', (t) => {
  const specs = Array.from({ length: SERVERS_MAX }, (_, index) => `192.0.2.${index}`);
  t.is(parseServers(specs).length, SERVERS_MAX);
  t.throws(() => parseServers([...specs, '::1']), { message: /1 to 8, and 9 were given/ });
  t.throws(() => parseServers([]), { message: /1 to 8, and 0 were given/ });
});
