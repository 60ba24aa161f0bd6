// Without a program, and with one that offers no ghost text: what is to be seen, and what is not.

import { ghostIs, statusIs, type, type WindowCases } from './screen.ts';

export const withoutProgram: WindowCases = {
  'without a program the status warns, the menu helps, and there is no ghost text': async (workbench) => {
    await statusIs(workbench, 'Midfill', 'was not found');
    await workbench.page.locator('[id="status.notifications"] a').click();
    await workbench.page.locator('.notifications-center', { hasText: 'How to get it' }).waitFor();
    await workbench.page.keyboard.press('Escape');
    await type(workbench, 'def fib(n):\n');
    await ghostIs(workbench, '');
    await workbench.page.locator('[id="midfill.midfill.midfill.status"] a').click();
    await workbench.page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'Choose the program' })
      .waitFor();
    await workbench.page.keyboard.press('Escape');
  },
};
