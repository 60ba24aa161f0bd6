// On the stand-in: what the server may say of itself, and how it may end.

import { commands } from 'vscode';

import { type Cases, count, edit, equal, midfill, replace, textOf, trigger, until, wire } from './editing.ts';

async function says(status: object, text: string): Promise<void> {
  await commands.executeCommand('standIn.status', status);
  await until(
    () => `"${text}", not "${midfill().status().text}"`,
    () => midfill().status().text === text,
  );
}

export const onStandIn: Cases = {
  'the status shows how far the model is loaded, that it sleeps, and what is wrong': async () => {
    await edit('x = 1\n');
    await until('it runs', () => midfill().status().health.kind === 'running');
    await says({ state: 'loading', message: 'loading the model', percent: 40 }, '$(sync~spin) Midfill 40%');
    await says({ state: 'asleep', message: 'no key for 30 minutes' }, '$(moon) Midfill');
    await says({ state: 'error', message: 'the model is no GGUF' }, '$(error) Midfill');
    await says({ state: 'ready', message: 'shipped on the CPU' }, '$(sparkle) Midfill');
  },

  'a request that takes long is shown to be under way': async () => {
    await edit('x = ');
    void trigger();
    await until('busy', () => midfill().status().text === '$(loading~spin) Midfill');
    await until('no more', () => midfill().status().text === '$(sparkle) Midfill');
  },

  'a request that is overtaken is cancelled, and one answer is shown': async () => {
    const editor = await edit('w = ');
    const asked = count(wire(), '"textDocument/inlineCompletion"');
    void trigger();
    await until('asked', () => count(wire(), '"textDocument/inlineCompletion"') > asked);
    await commands.executeCommand('type', { text: 'y' });
    await until('cancelled', () => wire().includes('"$/cancelRequest"'));
    await replace(editor, 'z = ');
    await trigger();
    await until('the answer', async () => {
      await commands.executeCommand('editor.action.inlineSuggest.commit');
      return textOf(editor) === 'z = late';
    });
  },

  'a server that has ended is started again, until it ends too often': async () => {
    const starts = () => count(wire(), '"method":"initialize"');
    for (let n = 1; n < 4; n += 1) {
      const before = starts();
      void commands.executeCommand('standIn.end');
      await until('it is started again', () => starts() === before + 1);
      await until('it runs', () => midfill().status().health.kind === 'running');
    }
    void commands.executeCommand('standIn.end');
    await until('it has stopped', () => midfill().status().health.kind === 'stopped');
    equal(midfill().status().text, '$(error) Midfill');
    await commands.executeCommand('midfill.restart');
    await until('it runs', () => midfill().status().health.kind === 'running');
  },
};
