// Runs a group of cases inside VS Code's extension host, as VS Code wants it: a module with a function `run`.

import { appendFileSync } from 'node:fs';
import { extensions, version, workspace } from 'vscode';

import { type Cases, midfill, set } from './editing.ts';
import { onMidfill } from './on_midfill.ts';
import { onStandIn } from './on_stand_in.ts';
import { untrusted } from './untrusted.ts';

const GHOST_TEXT = 'ghost text is provided and goes into the document';

const groups: Record<string, Cases> = {
  midfill: onMidfill,
  'stand-in': onStandIn,
  untrusted,
  control: { [GHOST_TEXT]: async () => onMidfill[GHOST_TEXT]?.() },
};

/** Throws where a case failed. */
export async function run(): Promise<void> {
  await extensions.getExtension('midfill.midfill')?.activate();
  const group = process.env.MIDFILL_CASES ?? '';
  let failed = 0;
  for (const [name, test] of Object.entries(groups[group] ?? {})) {
    const begin = Date.now();
    let problem = '';
    try {
      await test();
    } catch (error) {
      failed += 1;
      problem = `\n      ${error instanceof Error ? error.stack : error}`;
    }
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    say(`${problem ? 'FAIL' : 'ok  '}  ${name} [VS Code ${version}, ${group}] ${seconds} s${problem}`);
    await setBack();
    // Without a server the rest would only wait.
    if (failed > 0 && midfill().status().health.kind !== 'running') break;
  }
  if (failed > 0) throw new Error(`${failed} failed`);
}

function say(line: string): void {
  appendFileSync(process.env.MIDFILL_RESULTS ?? '', `${line}\n`);
}

/** Leaves nothing of one case to the next. */
async function setBack(): Promise<void> {
  for (const name of ['enabled', 'inStrings', 'languages', 'models']) {
    const found = workspace.getConfiguration('midfill').inspect(name);
    if (found?.globalValue !== undefined) await set(name, undefined);
  }
}
