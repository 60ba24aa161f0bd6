// Runs the tests in the real VS Code: node drive.ts --newest FILE --older FILE --extension FOLDER --midfill FILE
// --host FILE [--package FILE] [--only SESSION]…
//
// `newest` and `older` are the servers of two versions of VS Code, `extension` is the extension as it is installed,
// `midfill` the program under test, `host` the tests that run inside VS Code, `package` the extension with a program
// that has a model.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { explaining } from './window/explaining.ts';
import { firstStart } from './window/first_start.ts';
import { packed } from './window/packed.ts';
import type { WindowCases } from './window/screen.ts';
import { typing } from './window/typing.ts';
import { type Options, PATIENCE_MS, until, Workbench } from './workbench.ts';

const path = { type: 'string', default: '' } as const;
const given = parseArgs({
  options: {
    newest: path,
    older: path,
    extension: path,
    midfill: path,
    host: path,
    package: path,
    only: { type: 'string', multiple: true },
  },
}).values;

/** Where the screen is kept when a case fails. */
const FAILURES = join(import.meta.dirname, '../../target/vscode/failures');

const here = import.meta.dirname;
const sample = readFileSync(join(here, '../samples/inventory.py'), 'utf8');
const standIn = `exec '${process.execPath}' '${join(here, 'stand_in.ts')}'`;
// What is sent to the program is kept, for tests to look at.
const scripted = `tee -a "$MIDFILL_WIRE" | '${given.midfill}' serve --scripted '${join(here, 'rules.json')}'`;

const newest = { vscode: given.newest, extension: given.extension };
const older = { vscode: given.older, extension: given.extension };

let passed = 0;
let failed = 0;

function report(line: string): void {
  if (line.startsWith('exit')) return;
  console.log(line);
  if (line.startsWith('ok')) passed += 1;
  if (line.startsWith('FAIL')) failed += 1;
}

/** Runs a group of cases in the extension host, and hands on what each line of it says. */
async function inHost(options: Options, say = report): Promise<void> {
  const workbench = await Workbench.open({ ...options, tests: given.host });
  try {
    let n = 0;
    await until(
      'the tests have ended',
      () => {
        const lines = readFileSync(workbench.results, 'utf8').split('\n').slice(0, -1);
        for (const line of lines.slice(n)) say(line);
        n = lines.length;
        return lines.some((line) => line.startsWith('exit'));
      },
      5 * PATIENCE_MS,
    );
  } finally {
    await workbench.close();
  }
}

/** A test that cannot fail shows nothing: where there can be no ghost text, the test of it must fail. */
async function control(): Promise<void> {
  const lines: string[] = [];
  const program = `${standIn} --without-inline-completion`;
  await inHost({ ...newest, cases: 'control', program, patience: 3000 }, (line) => lines.push(line));
  const hasFailed = lines[0]?.startsWith('FAIL  ghost text is provided') && lines.includes('exit 1');
  const name = 'without the capability the test of ghost text fails [control]';
  report(hasFailed ? `ok    ${name}` : `FAIL  ${name}\n      ${lines.join('\n')}`);
}

/** Runs cases that share one window. */
async function inWindow(name: string, options: Options, cases: WindowCases): Promise<void> {
  const workbench = await Workbench.open(options);
  try {
    await workbench.page.locator('.editor-instance .view-lines').first().waitFor({ timeout: PATIENCE_MS });
    for (const [title, test] of Object.entries(cases)) {
      const begin = Date.now();
      let problem = '';
      try {
        await test(workbench);
      } catch (error) {
        const picture = join(FAILURES, `${failed}.png`);
        mkdirSync(FAILURES, { recursive: true });
        await workbench.page.screenshot({ path: picture });
        problem = `\n      ${error instanceof Error ? error.stack : error}\n      The screen: ${picture}`;
      }
      const seconds = ((Date.now() - begin) / 1000).toFixed(1);
      report(`${problem ? 'FAIL' : 'ok  '}  ${title} [${name}] ${seconds} s${problem}`);
    }
  } finally {
    await workbench.close();
  }
}

const project = {
  'shop/prices.py': 'class Price:\n    def __init__(self, net):\n        self.net = net\n',
};
const empty = { files: { 'example.py': '' }, open: 'example.py' };
const onSample = { files: { 'inventory.py': sample }, open: 'inventory.py' };
// So that a picture shows what it is about.
const sparse = {
  'workbench.activityBar.location': 'hidden',
  'workbench.sideBar.location': 'right',
  'editor.stickyScroll.enabled': false,
  'editor.occurrencesHighlight': 'off',
  'editor.fontSize': 13,
};
const welcome = { 'workbench.startupEditor': 'welcomePageInEmptyWorkbench' };

const sessions: Record<string, () => Promise<void>> = {
  midfill: () => inHost({ ...newest, cases: 'midfill', program: scripted, files: project }),
  'midfill, older': () => inHost({ ...older, cases: 'midfill', program: scripted, files: project }),
  'stand-in': () => inHost({ ...newest, cases: 'stand-in', program: standIn }),
  untrusted: () => inHost({ ...newest, cases: 'untrusted', program: scripted, isUntrusted: true }),
  control,
  typing: () => inWindow('window', { ...newest, ...empty, program: scripted }, typing),
  'typing, older': () => inWindow('window, older', { ...older, ...empty, program: scripted }, typing),
  explaining: () => inWindow('window', { ...newest, ...onSample, program: standIn }, explaining),
  'first start': () => inWindow('window', { ...newest, ...empty, settings: welcome }, firstStart),
  ...(given.package && {
    packed: () =>
      inWindow(
        'window, packed',
        { ...newest, ...onSample, settings: sparse, extension: given.package },
        packed,
      ),
  }),
};

const waiting = Object.entries(sessions).filter(([name]) => !given.only || given.only.includes(name));

/** Runs sessions until none is left. */
async function work(): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, session] = next;
    try {
      await session();
    } catch (error) {
      report(`FAIL  ${name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
}

// Two at a time: a session waits more than it works.
await Promise.all([work(), work()]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
