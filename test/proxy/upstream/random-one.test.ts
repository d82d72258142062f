import test from 'ava';
import { Bench } from './hand-clock.ts';

test('random: peers are picked about as often as their weights say', (t) => {
  const servers = [
    { url: 'http://127.0.0.1:1', weight: 3 },
    { url: 'http://127.0.0.1:2', weight: 1 },
  ];
  const { group } = new Bench({ servers, balance: 'random' }, 7);
  const counts = [0, 0];
  for (let i = 0; i < 4000; i += 1) {
    const index = group.pick({ clientAddress: '', hashKey: '' }, []);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const [often = 0, seldom = 0] = counts;
  t.true(often / seldom > 2.6 && often / seldom < 3.4, `${often} to ${seldom}`);
});

test('random: a backup is refused, as nginx does', (t) => {
  const servers = ['127.0.0.1:1', { url: '127.0.0.1:2', backup: true }];
  t.throws(() => new Bench({ servers, balance: 'random' }, 1), { message: /'backup'/ });
});
