import { MAIN_DEFAULTS, type ProgramConf } from '../../config/index.ts';
import { Printer } from './printer.ts';

/** What of a configuration a program of its own has no use for. */
const NOT_OURS = new Set(['daemon', 'masterProcess', 'workerProcesses', 'pid', 'user', 'env']);

/**
 * A configuration as a program in TypeScript: the data that the file compiles to, and one call that
 * serves it. It has no master and no workers; whoever runs it sees to that.
 */
export function printTs(conf: ProgramConf, source: string): string {
  const { site, stream, main } = conf;
  const printer = new Printer(site, stream);
  const blocks: string[] = [];
  if (site !== undefined) blocks.push(`const site: SiteConf = ${printer.print(site)};`);
  if (stream !== undefined) blocks.push(`const stream: StreamConf = ${printer.print(stream)};`);
  const settings = Object.entries(main).filter(
    ([key, value]) =>
      !NOT_OURS.has(key) &&
      JSON.stringify(value) !== JSON.stringify((MAIN_DEFAULTS as Record<string, unknown>)[key]),
  );
  const parts = [
    ...(site === undefined ? [] : ['site']),
    ...(stream === undefined ? [] : ['stream']),
    ...settings.map(([key, value]) => `${key}: ${printer.print(value)}`),
  ];
  const types = [
    ...(site === undefined ? [] : ['type SiteConf']),
    ...(stream === undefined ? [] : ['type StreamConf']),
  ];
  const names = [...[...printer.used].sort(), 'serve', ...types];
  return [
    `// What ${source} means, as data. Templates are texts, or lists of texts and variables.`,
    `import { ${names.join(', ')} } from 'sluice/server';`,
    '',
    ...printer.constants,
    ...blocks.map((block) => `${block}\n`),
    `await serve({ ${parts.join(', ')} });`,
    '',
  ].join('\n');
}
