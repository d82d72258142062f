import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import test from 'ava';
import { SyslogLog } from '../../src/cli/syslog-log.ts';
import { type SyslogConf, syslogOf } from '../../src/config/index.ts';

test('each line is a datagram of its own, with the level that it has', async (t) => {
  const server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const conf = syslogOf(`syslog:server=127.0.0.1:${server.address().port},facility=user,tag=me`);
  const log = new SyslogLog(conf as SyslogConf, 'Host');
  const messages: string[] = [];
  const three = new Promise<void>((resolve) => {
    server.on('message', (message) => {
      if (messages.push(message.toString()) === 3) resolve();
    });
  });
  log.write('one\ntwo\n');
  log.write('three\n', 'error');
  await three;
  log.close();
  server.close();
  const time = '[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d';
  t.regex(messages[0] as string, new RegExp(`^<14>${time} host me: one$`));
  t.regex(messages[1] as string, new RegExp(`^<14>${time} host me: two$`));
  t.regex(messages[2] as string, new RegExp(`^<11>${time} host me: three$`));
});
