import { type NameResolver, usePlatform } from '../proxy/index.ts';
import { Resolver } from './dns.ts';
import { openPort } from './open-port.ts';

export * from '../proxy/index.ts';
export { LogFile, type LogFileOptions } from './log-file.ts';

usePlatform({
  core: () => openPort(),
  resolver: (core): NameResolver & AsyncDisposable => new Resolver(core),
  wallMs: Date.now,
  onError: (error) => console.error('a handler has failed:', error),
});
