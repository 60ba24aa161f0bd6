// Builds the extension: node build.ts FOLDER [PROGRAM]
//
// FOLDER then holds all that an installed extension has; with PROGRAM, the server's program too.

import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
await build({
  entryPoints: [join(here, 'src/extension.ts')],
  outfile: join(folder, 'dist/extension.cjs'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // What VS Code 1.91 runs extensions with.
  target: 'node20',
  external: ['vscode'],
  minify: true,
});
if (program !== undefined) {
  const copy = join(folder, 'bin', basename(program));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(program, copy);
  chmodSync(copy, 0o755);
}
