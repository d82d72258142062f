import type { UpstreamConf } from '../server/conf/upstream-conf.ts';
import { buildSite } from './build-site.ts';
import { buildStream } from './build-stream.ts';
import { ConfigError } from './config-error.ts';
import type { DirectiveTable } from './directive.ts';
import type { HostUse } from './host-use.ts';
import { mainConf } from './merge.ts';
import { ConfigParser } from './parse.ts';
import type { ProgramConf } from './program-conf.ts';
import { ConfigReader } from './reader.ts';
import { DIRECTIVES } from './registry.ts';
import { Scope } from './scope.ts';
import type { SourceFile, Sources } from './syntax.ts';

export type ReadOptions = {
  readonly sources: Sources;
  /** The main file, absolute. */
  readonly file: string;
  /** Where relative paths of logs, roots and the like begin; ends with a slash. */
  readonly prefix: string;
  /** Directives that stand before the file: `-g`. */
  readonly globals?: string;
  /** Do we run as root? */
  readonly isRoot: boolean;
  /** For tests: other directives than all. */
  readonly tables?: readonly DirectiveTable[];
};

/** What came of reading: also where it failed, the files are known. */
export type ReadResult =
  | { readonly conf: ProgramConf }
  | {
      readonly error: ConfigError;
      readonly files: readonly SourceFile[];
      readonly warnings: readonly string[];
    };

/** Reads a configuration and all files that it includes. */
export function readConfig(options: ReadOptions): ReadResult {
  const { sources, file, prefix, globals = '', isRoot, tables = DIRECTIVES } = options;
  const directory = file.slice(0, file.lastIndexOf('/') + 1);
  const parser = new ConfigParser(sources, directory);
  const reader = new ConfigReader(tables, directory);
  const main = new Scope('main');
  try {
    reader.readAll(parser.parseText('command line', globals), main);
    reader.readAll(parser.parseFile(file).nodes, main);
    const events = main.parts.get('events') as Scope | undefined;
    if (events === undefined) throw new ConfigError('no "events" section in configuration');
    const http = main.parts.get('http') as Scope | undefined;
    const site = http && {
      ...buildSite(http, prefix, isRoot, reader),
      debugConnections: mainConf(main, events).debugConnections,
    };
    const streams = main.parts.get('stream') as Scope | undefined;
    const stream = streams && buildStream(streams, prefix, reader);
    const { files } = parser;
    const { warnings, phaseModules, logPaths } = reader;
    const hosts = hostsOf(reader, site?.upstreams ?? [], stream?.upstreams ?? []);
    return {
      conf: {
        main: mainConf(main, events),
        site,
        stream,
        hosts,
        addresses: new Map(),
        phaseModules,
        logPaths: [...logPaths],
        files,
        warnings,
      },
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { error, files: parser.files, warnings: reader.warnings };
  }
}

/** Names that are none of a group's: first those that nginx looks up as it reads them. */
function hostsOf(
  { hosts }: ConfigReader,
  http: readonly UpstreamConf[],
  stream: readonly UpstreamConf[],
): readonly HostUse[] {
  const targets = hosts.filter(({ group }) => {
    const groups = group?.block === 'http' ? http : stream;
    return group !== undefined && !groups.some(({ name }) => name === group.name);
  });
  return [...hosts.filter(({ group }) => group === undefined), ...targets];
}
