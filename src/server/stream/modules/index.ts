import { streamProxyModule } from '../proxy/index.ts';
import type { StreamModule } from '../stream-module.ts';
import { streamAccessModule } from './access.ts';
import { streamLimitConnModule } from './limit-conn.ts';
import { streamLogModule } from './log.ts';
import { streamLookupModule } from './lookup.ts';
import { streamPassModule } from './pass.ts';
import { streamProxyProtocolModule } from './proxy-protocol.ts';
import { streamRealIpModule } from './real-ip.ts';
import { streamReturnModule } from './return.ts';
import { streamSetModule } from './set.ts';
import { streamVariablesModule } from './variables.ts';

/** All modules, in the order in which their handlers run. */
export const STREAM_MODULES: readonly StreamModule[] = [
  streamVariablesModule,
  streamProxyProtocolModule,
  streamLookupModule,
  streamRealIpModule,
  streamLimitConnModule,
  streamSetModule,
  streamAccessModule,
  streamReturnModule,
  streamPassModule,
  streamProxyModule,
  streamLogModule,
];
