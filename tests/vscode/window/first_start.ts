// The first start, on a machine without the program.

import { ghostIs, statusIs, type, type WindowCases } from './screen.ts';

export const firstStart: WindowCases = {
  'the first start shows a walkthrough, whose steps open': async (workbench) => {
    const { page } = workbench;
    await page
      .locator('.gettingStarted h2.category-title', { hasText: 'Get started with Midfill' })
      .waitFor();
    await page.locator('.gettingStarted .step-title', { hasText: 'Take a word, a line' }).click();
    await page
      .locator('.gettingStarted .step-description-container', { hasText: 'as is right' })
      .first()
      .waitFor();
  },

  'without a program the status warns, the menu helps, and there is no ghost text': async (workbench) => {
    await statusIs(workbench, 'Midfill', 'was not found');
    await workbench.page.locator('[id="status.notifications"] a').click();
    await workbench.page.locator('.notifications-center', { hasText: 'How to get it' }).waitFor();
    await workbench.page.keyboard.press('Escape');
    await workbench.page.locator('.tab', { hasText: 'example.py' }).click();
    await type(workbench, 'def fib(n):\n');
    await ghostIs(workbench, '');
    await workbench.page.locator('[id="midfill.midfill.midfill.status"] a').click();
    await workbench.page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'Choose the program' })
      .waitFor();
    await workbench.page.keyboard.press('Escape');
  },
};
