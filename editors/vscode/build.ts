// Builds the extension: node build.ts FOLDER [PROGRAM]
//
// FOLDER then holds all that an installed extension has; with PROGRAM, the server's program too.

import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const [folder, program] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node build.ts FOLDER [PROGRAM]');
  process.exit(2);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const name of [
  'package.json',
  'package.nls.json',
  'package.nls.zh-cn.json',
  'l10n',
  'media',
  'README.md',
]) {
  cpSync(join(here, name), join(folder, name), { recursive: true });
}
for (const name of ['CHANGELOG.md', 'LICENSE', 'LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(join(here, '../..', name), join(folder, name));
}
// Without this file the packer warns.
writeFileSync(join(folder, '.vscodeignore'), '# All that is here belongs to the extension.\n');
const options = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // What VS Code 1.91 runs extensions with.
  target: 'node20',
  minify: true,
  // As `require`: an import would look for the names of minified CommonJS, and find none.
  supported: { 'dynamic-import': false },
} as const;
// The language client is large: a file of its own is read only when VS Code goes on already.
await build({
  ...options,
  entryPoints: [join(here, 'src/extension.ts')],
  outfile: join(folder, 'dist/extension.cjs'),
  external: ['vscode', './client.cjs'],
  alias: { 'vscode-languageclient/node': './client.cjs' },
});
await build({
  ...options,
  entryPoints: [createRequire(import.meta.url).resolve('vscode-languageclient/node')],
  outfile: join(folder, 'dist/client.cjs'),
  external: ['vscode'],
});
if (program !== undefined) {
  const copy = join(folder, 'bin', basename(program));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(program, copy);
  chmodSync(copy, 0o755);
}
