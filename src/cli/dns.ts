import { ADDRCONFIG, ALL, V4MAPPED } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { domainToASCII } from 'node:url';
import { nodeRandom } from '../../adapters/node/index.ts';
import { usePlatform } from '../dns/index.ts';
import { SYSTEM_FILES } from './system-files.ts';

export * from '../dns/index.ts';

usePlatform({
  random: nodeRandom(),
  files: SYSTEM_FILES,
  toAscii: domainToASCII,
  ownAddresses,
  hints: { ADDRCONFIG, ALL, V4MAPPED },
});

/** Of this machine's interfaces, but for those that reach nobody else. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((own) => own ?? []);
  return all.filter(({ internal }) => !internal).map(({ address }) => address);
}
