// Having functions explained, on the stand-in.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';

import { until, type Workbench } from '../workbench.ts';
import { goTo, run, statusIs, type WindowCases } from './screen.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/inventory.py');
export const sampleLines = readFileSync(SAMPLE, 'utf8').split('\n');

export const explaining: WindowCases = {
  'an explanation is written beside the code, and its links jump': async (workbench) => {
    await statusIs(workbench, 'Midfill');
    await explain(workbench, 'from dataclasses');
    await reportHas(workbench, 'The end.');
    await reportHas(workbench, 'What it does');
    await tabIs(workbench, 'Inventory.total_value');
    const page = await report(workbench);
    await page?.locator('a', { hasText: 'lines 3–4' }).click();
    await cursorIs(workbench, 'Ln 4');
  },

  'what the text holds of markup does nothing': async (workbench) => {
    await reportHas(workbench, 'Adds the values');
    const page = await report(workbench);
    const title = await page?.evaluate(() => document.title);
    if (title !== '') throw new Error(`the text has set the title to ${title}`);
  },

  'one that is stopped stays as far as it came': async (workbench) => {
    await explain(workbench, '');
    await reportHas(workbench, 'More, 5.');
    const page = await report(workbench);
    await page?.locator('#stop').click();
    await reportHas(workbench, 'Stopped.');
    await reportHas(workbench, 'More, 5.');
    await until('the server is told', () => workbench.wire.includes('"$/cancelRequest"'));
  },

  'what cannot be explained is said in a sentence': async (workbench) => {
    await explain(workbench, 'Stock of');
    await reportHas(workbench, 'There is no function under the cursor.');
  },
};

/** Runs the command with the cursor in the first line of the sample that has some text; '' is the first empty one. */
export async function explain(workbench: Workbench, text: string): Promise<void> {
  await goTo(
    workbench,
    sampleLines.findIndex((line) => (text === '' ? line === '' : line.includes(text))),
  );
  await run(workbench, 'Midfill: Explain Function');
}

/** The page of the report, which lies two frames deep. */
export async function report(workbench: Workbench): Promise<Frame | undefined> {
  for (const frame of workbench.page.frames()) {
    try {
      if ((await frame.locator('#note').count()) > 0) return frame;
    } catch {
      // It is being drawn anew.
    }
  }
  return undefined;
}

export async function reportHas(workbench: Workbench, text: string): Promise<void> {
  let found = '';
  await until(
    () => `the report has "${text}": "${found}"`,
    async () => {
      const frame = await report(workbench);
      found = (await frame?.locator('body').textContent()) ?? 'no report';
      return found.includes(text);
    },
  );
}

export async function tabIs(workbench: Workbench, title: string): Promise<void> {
  await workbench.page.locator('.tab .label-name', { hasText: title }).waitFor();
}

export async function cursorIs(workbench: Workbench, place: string): Promise<void> {
  await workbench.page.locator('#status\\.editor\\.selection', { hasText: place }).waitFor();
}
