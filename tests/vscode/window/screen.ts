// What is on the screen, and what a person does.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { until, type Workbench } from '../workbench.ts';

export type WindowCases = Record<string, (workbench: Workbench) => Promise<void>>;

const GHOST = '.ghost-text-decoration, .ghost-text-decoration-preview, .ghost-text';

/** Empties the file and types into it. */
export async function type(workbench: Workbench, text: string): Promise<void> {
  const { page } = workbench;
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.type(text, { delay: 20 });
}

/** The ghost text, as it is drawn: its lines from top to bottom. */
export async function ghost(workbench: Workbench): Promise<string> {
  const parts = await workbench.page.locator(GHOST).evaluateAll((elements, selector) => {
    const outermost = elements.filter((element) => !element.parentElement?.closest(selector));
    return outermost.map((element) => {
      const { left, top } = element.getBoundingClientRect();
      return { left, top: Math.round(top), text: element.textContent ?? '' };
    });
  }, GHOST);
  const lines = new Map<number, string>();
  for (const { top, text } of parts.toSorted((a, b) => a.top - b.top || a.left - b.left)) {
    lines.set(top, (lines.get(top) ?? '') + text);
  }
  // Spaces are drawn as no-break ones.
  return [...lines.values()].join('\n').replaceAll('\u00a0', ' ');
}

export async function ghostIs(workbench: Workbench, wanted: string): Promise<void> {
  let found = '';
  await until(
    () => `the ghost text is "${wanted}", not "${found}"`,
    async () => {
      found = await ghost(workbench);
      return found === wanted;
    },
  );
}

/** What the editor holds, by way of the disk. */
export async function textIs(workbench: Workbench, wanted: string): Promise<void> {
  let found = '';
  await until(
    () => `the file is ${JSON.stringify(wanted)}, not ${JSON.stringify(found)}`,
    async () => {
      await workbench.page.keyboard.press('Control+S');
      found = readFileSync(join(workbench.workspace, 'example.py'), 'utf8');
      return found === wanted;
    },
  );
}

/** Waits for the text of the status item, and for a part of what it says to screen readers. */
export async function statusIs(workbench: Workbench, text: string, part = ''): Promise<void> {
  const item = workbench.page.locator('[id="midfill.midfill.midfill.status"]');
  let found = '';
  await until(
    () => `the status is "${text}" (${part}), not "${found}"`,
    async () => {
      if ((await item.count()) === 0) return false;
      const label = (await item.locator('a').getAttribute('aria-label')) ?? '';
      found = `${(await item.textContent())?.trim()}: ${label}`;
      return found.startsWith(`${text}: `) && label.includes(part);
    },
  );
}

/** Opens the menu from the status item and takes an entry. */
export async function choose(workbench: Workbench, entry: string): Promise<void> {
  await workbench.page.locator('[id="midfill.midfill.midfill.status"] a').click();
  await workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: entry }).click();
}

/** Puts the cursor at the end of a line, counted from 0. */
export async function goTo({ page }: Workbench, line: number): Promise<void> {
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+Home');
  for (let n = 0; n < line; n += 1) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
}

/** Runs a command from the palette. */
export async function run({ page }: Workbench, command: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().fill(`>${command}`);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: command }).first().click();
}

/** Takes a picture of the given height, where pictures are wanted, without what does not belong to it. */
export async function picture({ page }: Workbench, name: string, height: number): Promise<void> {
  const folder = process.env.MIDFILL_PICTURES;
  if (!folder) return;
  const before = page.viewportSize() ?? { width: 1100, height };
  await page.setViewportSize({ width: 1000, height });
  // What has just been laid out anew is drawn in the next frame.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.setViewportSize(before);
}
