import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, relative } from 'node:path';
import test from 'ava';
import { codeBlocksOf, moduleOf } from './code-blocks.ts';

const PAGES = readdirSync('docs').map((name) => `docs/${name}`);
const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'BENCHMARKS.md', ...PAGES];

type Manifest = {
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, unknown>>;
};
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** An empty project that has installed this package and the types that it asks for. */
function project(): string {
  const root = mkdtempSync(join(tmpdir(), 'sluice-documents-'));
  const modules = join(root, 'node_modules');
  mkdirSync(modules);
  symlinkSync(process.cwd(), join(modules, 'sluice'));
  for (const name of ['@types', 'undici'])
    symlinkSync(join(process.cwd(), 'node_modules', name), join(modules, name));
  const vite = `declare module 'vite' {
    import type { ServerOptions, takeOver } from 'sluice/compat/http-proxy';
    export type ProxyOptions = ServerOptions & {
      configure?: (proxy: Parameters<typeof takeOver>[0], options: ProxyOptions) => void;
    };
    export function defineConfig(config: object): object;
  }`;
  writeFileSync(join(root, 'vite.d.ts'), vite);
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    noEmit: true,
  };
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  return root;
}

function compile(root: string): Promise<string> {
  const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    const options = { cwd: root, timeout: 60_000 };
    execFile(process.execPath, [tsc, '-p', '.'], options, (error, stdout, stderr) =>
      resolve(error === null ? '' : `${stdout}${stderr}` || String(error)),
    );
  });
}

test('every block of TypeScript in the documents compiles in a project of its own', async (t) => {
  t.timeout(90_000);
  const root = project();
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const blocks = DOCUMENTS.flatMap(codeBlocksOf);
  t.true(blocks.length >= 20, `only ${blocks.length} blocks were found`);
  for (const block of blocks) {
    const name = `${block.place.replaceAll(/[/.:]/g, '-')}.ts`;
    writeFileSync(join(root, name), moduleOf(block));
  }
  t.is(await compile(root), '');
});

/** Where the links of a document lead, but for the net and the document itself. */
function linksOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/^```.*?^```$/gms, '');
  const targets = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => to);
  return targets
    .filter((to) => !/^[a-z]+:/.test(to))
    .map((to) => normalize(join(dirname(file), to)));
}

test('every link of the documents leads to a file that is there', (t) => {
  const dead = DOCUMENTS.flatMap((file) =>
    linksOf(file)
      .filter((to) => !existsSync(to))
      .map((to) => `${file} → ${to}`),
  );
  t.deepEqual(dead, []);
});

test('every link of the README and the guide leads to what the package contains', (t) => {
  const packed = [...manifest.files, 'README.md', 'LICENSE'];
  const isPacked = (to: string) => packed.some((own) => !relative(own, to).startsWith('..'));
  const missing = ['README.md', ...PAGES].flatMap((file) =>
    linksOf(file)
      .filter((to) => !isPacked(to))
      .map((to) => `${file} → ${to}`),
  );
  t.deepEqual(missing, []);
});

test('the README names every subpath of the package, and no other', (t) => {
  const text = readFileSync('README.md', 'utf8');
  const named = [...text.matchAll(/^\| `sluice\/([\w/-]+)`/gm)].map(([, name]) => `./${name}`);
  const exported = Object.keys(manifest.exports).filter((name) => name !== './package.json');
  t.deepEqual(named.toSorted(), exported.toSorted());
});
