// Runs the tests in the real VS Code: node drive.ts SERVER EXTENSION MIDFILL HOST
//
// SERVER is VS Code's own, EXTENSION the folder of the extension as it is installed, MIDFILL the program
// under test, HOST the tests that run inside VS Code.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Options, PATIENCE_MS, until, Workbench } from './workbench.ts';

const [vscode, extension, midfill, host] = process.argv.slice(2) as [string, string, string, string];
const here = import.meta.dirname;
const scripted = `exec '${midfill}' serve --scripted '${join(here, 'rules.json')}'`;

let passed = 0;
let failed = 0;

function report(line: string): void {
  console.log(line);
  if (line.startsWith('ok')) passed += 1;
  if (line.startsWith('FAIL')) failed += 1;
}

async function inHost(options: Options): Promise<void> {
  const workbench = await Workbench.open({ vscode, extension }, options);
  try {
    let n = 0;
    await until(
      'the tests have ended',
      () => {
        const lines = readFileSync(workbench.results, 'utf8').split('\n').slice(0, -1);
        for (const line of lines.slice(n)) if (!line.startsWith('exit')) report(line);
        n = lines.length;
        return lines.some((line) => line.startsWith('exit'));
      },
      5 * PATIENCE_MS,
    );
  } finally {
    await workbench.close();
  }
}

const files = { 'shop/prices.py': 'class Price:\n    def __init__(self, net):\n        self.net = net\n' };
await inHost({ files, program: scripted, tests: host });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
