// In a workspace that is not trusted, whose settings name a program of its own.

import { existsSync } from 'node:fs';
import { commands, workspace } from 'vscode';

import { accept, type Cases, edit, equal, midfill, until, wire } from './editing.ts';

export const untrusted: Cases = {
  'the settings of an untrusted workspace name no program, model or environment': async () => {
    equal(workspace.isTrusted, false);
    const editor = await edit('def fib(n):\n    ');
    await until('it runs', () => midfill().status().health.kind === 'running');
    await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
    const initialize = wire().split('"method":"initialized"')[0] ?? '';
    // What may be set there is.
    equal(initialize.includes('"initializationOptions":{"inComments":false}'), true);
    await commands.executeCommand('midfill.restart');
    equal(existsSync(process.env.MIDFILL_TRAP ?? ''), false);
  },
};
