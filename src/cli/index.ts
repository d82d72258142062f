export { LogFile, type LogFileOptions } from './log-file.ts';
export {
  ADAPTERS,
  type AdapterName,
  type CommonPortOptions,
  type OpenPortOptions,
  openPort,
} from './open-port.ts';
