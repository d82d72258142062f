import { randomBytes } from 'node:crypto';
import type { ProactorPort } from '../core/proactor.ts';
import { lookupAddresses } from '../dns/index.ts';
import { type Lookup, usePlatform } from '../proxy/index.ts';
import { systemNameServers } from './name-servers.ts';
import { openPort } from './open-port.ts';

export * from '../proxy/index.ts';
export { LogFile, type LogFileOptions } from './log-file.ts';

usePlatform({ core: () => openPort(), lookup: systemLookup, wallMs: Date.now });

/** Asks the system's name servers, which are read when the first name is looked up. */
function systemLookup(core: ProactorPort): Lookup {
  const random = { nextUint32: () => randomBytes(4).readUInt32LE(0) };
  let lookup: Lookup | undefined;
  return (name) => {
    lookup ??= lookupAddresses(core, { servers: systemNameServers(), random });
    return lookup(name);
  };
}
