import test from 'ava';
import { syslogOf } from '../../src/config/index.ts';

test('a server alone is on port 514, as local7 and info', (t) => {
  t.deepEqual(syslogOf('syslog:server=127.0.0.1'), {
    server: { family: 'ipv4', address: '127.0.0.1', port: 514 },
    facility: 23,
    severity: 6,
    tag: 'nginx',
    hostname: true,
  });
});

test('parameters stand in any order', (t) => {
  const path = 'syslog:tag=a_1,nohostname,severity=alert,server=[::1]:99,facility=user';
  t.deepEqual(syslogOf(path), {
    server: { family: 'ipv6', address: '::1', port: 99 },
    facility: 1,
    severity: 1,
    tag: 'a_1',
    hostname: false,
  });
});

const WRONG: readonly (readonly [string, string])[] = [
  ['facility=user', 'no syslog server specified'],
  ['server=127.0.0.1,server=127.0.0.1', 'duplicate syslog "server"'],
  ['server=127.0.0.1,facility=x', 'unknown syslog facility "x"'],
  ['server=127.0.0.1,severity=x', 'unknown syslog severity "x"'],
  ['server=127.0.0.1,foo', 'unknown syslog parameter "foo"'],
  ['server=127.0.0.1:x', 'invalid port in syslog server "127.0.0.1:x"'],
  [`server=127.0.0.1,tag=${'a'.repeat(33)}`, 'syslog tag length exceeds 32'],
  ['server=127.0.0.1,tag=a-b', 'syslog "tag" only allows alphanumeric characters and underscore'],
];

for (const [text, problem] of WRONG) {
  test(`syslog:${text} is refused`, (t) => {
    t.is(syslogOf(`syslog:${text}`), problem);
  });
}

test('a tag has up to 32 letters', (t) => {
  t.is(typeof syslogOf(`syslog:server=127.0.0.1,tag=${'a'.repeat(32)}`), 'object');
});
