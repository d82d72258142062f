import test from 'ava';
import { nameServersIn, systemNameServers } from '../../src/cli/name-servers.ts';

const at = (address: string) => ({
  family: address.includes(':') ? 'ipv6' : 'ipv4',
  address,
  port: 53,
});

test('name servers are taken from a resolv.conf in their order, three at most', (t) => {
  const text =
    '# nameserver 9.9.9.9\nsearch a.test\nnameserver 10.0.0.1\nnameserver\t::1 # own\n' +
    'nameserver nonsense\nnameserver 1.2.3\noptions ndots:2\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n';
  t.deepEqual(nameServersIn(text), ['10.0.0.1', '::1', '10.0.0.2'].map(at) as never);
  t.deepEqual(nameServersIn(''), []);
});

test('there is always somebody to ask', (t) => {
  t.true(systemNameServers().length > 0);
});
