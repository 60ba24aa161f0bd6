// The first start of the extension.

import type { WindowCases } from './screen.ts';

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
};
