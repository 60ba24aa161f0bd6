// Typing in the file `example.py`, on midfill with a model that says what the rules tell it.

import { choose, ghostIs, statusIs, textIs, type, type WindowCases } from './screen.ts';

export const typing: WindowCases = {
  'the status item says that it is ready': async (workbench) => {
    await statusIs(workbench, 'Midfill');
  },

  'ghost text stands behind what is typed, and Tab takes it': async (workbench) => {
    await type(workbench, 'def fib(n):\n');
    await ghostIs(workbench, 'if n < 2:\n        return n');
    await workbench.page.keyboard.press('Tab');
    await textIs(workbench, 'def fib(n):\n    if n < 2:\n        return n');
    await ghostIs(workbench, '');
  },

  'a word is taken and the rest stays': async (workbench) => {
    await type(workbench, 'prices, tax = [1], 2\ntotal = ');
    await ghostIs(workbench, 'sum(prices) + tax');
    await workbench.page.keyboard.press('Control+ArrowRight');
    await ghostIs(workbench, '(prices) + tax');
    await textIs(workbench, 'prices, tax = [1], 2\ntotal = sum');
  },

  'a key of ours takes the rest of the line': async (workbench) => {
    await type(workbench, 'def fib(n):\n');
    await ghostIs(workbench, 'if n < 2:\n        return n');
    await workbench.page.keyboard.press('Alt+l');
    await textIs(workbench, 'def fib(n):\n    if n < 2:\n');
    await ghostIs(workbench, '        return n');
  },

  'Escape hides it, and Tab is a plain tab then': async (workbench) => {
    await type(workbench, 'prices, tax = [1], 2\ntotal = ');
    await ghostIs(workbench, 'sum(prices) + tax');
    await workbench.page.keyboard.press('Escape');
    await ghostIs(workbench, '');
    await workbench.page.keyboard.press('Tab');
    await textIs(workbench, 'prices, tax = [1], 2\ntotal =     ');
  },

  'typing along keeps it, typing something else hides it': async (workbench) => {
    await type(workbench, 'prices, tax = [1], 2\ntotal = ');
    await ghostIs(workbench, 'sum(prices) + tax');
    await workbench.page.keyboard.type('su');
    await ghostIs(workbench, 'm(prices) + tax');
    await workbench.page.keyboard.type('x');
    await ghostIs(workbench, '');
  },

  'a key of ours asks by hand, and another shows the next text': async (workbench) => {
    await type(workbench, 'prices, tax = [1], 2\ntotal = ');
    await ghostIs(workbench, 'sum(prices) + tax');
    await workbench.page.keyboard.press('Escape');
    await ghostIs(workbench, '');
    await workbench.page.keyboard.press('Alt+\\');
    await ghostIs(workbench, 'sum(prices) + tax');
    await workbench.page.keyboard.press('Alt+]');
    await ghostIs(workbench, 'len(prices)');
  },

  'the menu pauses it in the file, the ghost text goes, and the menu brings it back': async (workbench) => {
    await type(workbench, 'prices, tax = [1], 2\ntotal = ');
    await ghostIs(workbench, 'sum(prices) + tax');
    await choose(workbench, 'Pause in this file');
    await ghostIs(workbench, '');
    await statusIs(workbench, 'Midfill', 'paused in this file');
    await choose(workbench, 'Go on with ghost text here');
    await statusIs(workbench, 'Midfill', 'is ready');
    await type(workbench, 'prices, tax = [1], 2\ntotal = ');
    await ghostIs(workbench, 'sum(prices) + tax');
  },
};
