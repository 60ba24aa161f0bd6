// The packed extension as people install it, with the program and the model that are in it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { until } from '../workbench.ts';
import { cursorIs, explain, report, reportHas, sampleLines, tabIs } from './explaining.ts';
import { ghost, ghostIs, goTo, picture, run, statusIs, type WindowCases } from './screen.ts';

export const packed: WindowCases = {
  'the packed extension brings its program, whose model writes ghost text': async (workbench) => {
    const file = join(workbench.workspace, 'inventory.py');
    const before = readFileSync(file, 'utf8');
    await statusIs(workbench, 'Midfill', 'is ready');
    await run(workbench, 'View: Toggle Primary Side Bar Visibility');
    await goTo(workbench, before.split('\n').indexOf('        return'));
    // By hand: unasked, the model would have to be surer.
    await workbench.page.keyboard.press('Alt+\\');
    let shown = '';
    await until('there is ghost text', async () => {
      shown = await ghost(workbench);
      return shown !== '';
    });
    await picture(workbench, 'ghost-text', 600);
    await workbench.page.keyboard.press('Tab');
    await ghostIs(workbench, '');
    await until('it is in the file', async () => {
      await workbench.page.keyboard.press('Control+S');
      return readFileSync(file, 'utf8').includes(`        return${shown}`);
    });
  },

  'its program explains the function under the cursor, and a line of it is jumped to': async (workbench) => {
    await explain(workbench, 'def remove');
    await reportHas(workbench, 'ValueError');
    await tabIs(workbench, 'remove');
    await picture(workbench, 'explanation', 720);
    const raises = 1 + sampleLines.findIndex((line) => line.includes('raise ValueError'));
    const page = await report(workbench);
    await page?.locator(`a:text-is("${raises}")`).first().click();
    await cursorIs(workbench, `Ln ${raises},`);
  },
};
