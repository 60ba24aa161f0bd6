// On midfill, with a model that says what the rules tell it.

import {
  type CodeAction,
  ConfigurationTarget,
  commands,
  Diagnostic,
  DiagnosticSeverity,
  type Hover,
  languages,
  NotebookCellData,
  NotebookCellKind,
  NotebookData,
  Range,
  Selection,
  type TextEditor,
  window,
  workspace,
} from 'vscode';

import {
  accept,
  type Cases,
  count,
  edit,
  equal,
  midfill,
  nothingComes,
  replace,
  set,
  somethingComes,
  soon,
  take,
  textOf,
  trigger,
  until,
  wire,
} from './editing.ts';

export const onMidfill: Cases = {
  'the server is found on PATH and the status says that it is ready': async () => {
    await until(
      () => `ready, instead of ${JSON.stringify(midfill().status())}`,
      () => midfill().status().text === '$(sparkle) Midfill',
    );
  },

  'ghost text is provided and goes into the document': async () => {
    const editor = await edit('def fib(n):\n    ');
    await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
  },

  'a word of it is taken, then the rest of the line': async () => {
    const editor = await edit('prices, tax = [1], 2\ntotal = ');
    await accept(editor, 'prices, tax = [1], 2\ntotal = sum', 'editor.action.inlineSuggest.acceptNextWord');
    const whole = 'prices, tax = [1], 2\ntotal = sum(prices) + tax';
    await take(editor, whole, 'editor.action.inlineSuggest.acceptNextLine');
  },

  'one that is asked for by hand has others to choose from': async () => {
    const editor = await edit('prices, tax = [1], 2\ntotal = ');
    await trigger();
    await until('the other one is taken', async () => {
      await commands.executeCommand('editor.action.inlineSuggest.showNext');
      await commands.executeCommand('editor.action.inlineSuggest.commit');
      if (textOf(editor).endsWith('len(prices)')) return true;
      await commands.executeCommand('undo');
      await replace(editor, 'prices, tax = [1], 2\ntotal = ');
      await trigger();
      return false;
    });
  },

  'characters outside the basic plane do not shift it': async () => {
    const editor = await edit('name = "naïve 😀"; size = ');
    await accept(editor, 'name = "naïve 😀"; size = len(name)');
  },

  'the import that it needs is added once it is taken': async () => {
    const wanted = 'import os\n\nfrom shop.prices import Price\n\nwhere = Price(2)';
    await until('the project is read and the import is there', async () => {
      const editor = await edit('import os\n\nwhere = ');
      await trigger();
      await commands.executeCommand('editor.action.inlineSuggest.commit');
      return textOf(editor) === wanted || (await soon(() => textOf(editor) === wanted));
    });
  },

  'a changed setting reaches the server without a restart': async () => {
    await set('inStrings', false);
    await until('sent', () => wire().includes('"settings":{"midfill":{"inStrings":false}}'));
    equal(count(wire(), '"method":"initialize"'), 1);
    await set('inStrings', undefined);
    await until('sent again', () => wire().includes('"settings":{"midfill":{}}'));
  },

  'switched off by the setting, nothing is asked': async () => {
    await set('enabled', false);
    await nothingComes({ kind: 'setting' });
    await commands.executeCommand('midfill.resume');
    await somethingComes();
  },

  "where VS Code's own setting hides ghost text, the status says so, and going on mends it": async () => {
    const editor = () => workspace.getConfiguration('editor');
    await editor().update('inlineSuggest.enabled', false, ConfigurationTarget.Global);
    await edit('def fib(n):\n    ');
    await until('it is told', () => midfill().status().reason?.kind === 'editor');
    await commands.executeCommand('midfill.resume');
    equal(editor().get('inlineSuggest.enabled'), true);
    await somethingComes();
  },

  'paused in a file, nothing is asked there, until it goes on': async () => {
    await edit('def fib(n):\n    ');
    await commands.executeCommand('midfill.pauseFile');
    await nothingComes({ kind: 'file' }, false);
    await commands.executeCommand('midfill.resume');
    await somethingComes();
  },

  'paused for the language, nothing is asked, until it goes on': async () => {
    await edit('def fib(n):\n    ');
    await commands.executeCommand('midfill.pauseLanguage');
    equal(workspace.getConfiguration('midfill').get('languages'), { python: false });
    await nothingComes({ kind: 'language', language: 'python' });
    await commands.executeCommand('midfill.resume');
    await somethingComes();
  },

  'snoozed, nothing is asked and nothing computed ahead, until it goes on': async () => {
    await edit('def fib(n):\n    ');
    await commands.executeCommand('midfill.snooze', 5);
    await nothingComes({ kind: 'snoozed', minutes: 5 });
    equal(midfill().status().text, '$(bell-slash) Midfill 5 min');
    await until(
      'the server is told',
      () => wire().lastIndexOf('"enabled":false') > wire().lastIndexOf('{"midfill":{}}'),
    );
    await commands.executeCommand('midfill.resume');
    await somethingComes();
  },

  'a file in another language says why there is none': async () => {
    await window.showTextDocument(await workspace.openTextDocument({ language: 'plaintext', content: 'x' }));
    await until('off', () => midfill().status().text === '$(circle-slash) Midfill');
    equal(midfill().status().reason, { kind: 'unsupported', language: 'plaintext' });
  },

  'what other tools say is wrong is passed on, hints apart': async () => {
    const editor = await edit('print(x)\n');
    const linter = languages.createDiagnosticCollection('linter');
    const range = new Range(0, 6, 0, 7);
    linter.set(editor.document.uri, [
      new Diagnostic(range, 'x is not defined', DiagnosticSeverity.Error),
      new Diagnostic(range, 'a matter of taste', DiagnosticSeverity.Hint),
    ]);
    await until('passed on', () => wire().includes('x is not defined'));
    equal(wire().includes('"method":"midfill/diagnostics"'), true);
    equal(wire().includes('a matter of taste'), false);
    linter.dispose();
  },

  'the last ghost text is explained': async () => {
    const editor = await edit('prices, tax = [1], 2\ntotal = ');
    await accept(editor, 'prices, tax = [1], 2\ntotal = sum', 'editor.action.inlineSuggest.acceptNextWord');
    await commands.executeCommand('midfill.showWhy');
    await until('a report', () => midfill().why() !== undefined);
    equal(midfill().why()?.startsWith('# Ghost text was shown'), true);
    await commands.executeCommand('workbench.action.closeActiveEditor');
  },

  'the code action of a function has it explained, and its hover tells it': async () => {
    const editor = await edit('def net(gross, rate=0.2):\n    return gross / (1 + rate)\n');
    const { uri } = editor.document;
    const place = new Range(0, 5, 0, 5);
    const [action] = await commands.executeCommand<CodeAction[]>(
      'vscode.executeCodeActionProvider',
      uri,
      place,
    );
    const command = action?.command ?? equal(action, 'an action with a command');
    await commands.executeCommand(command?.command ?? '', ...(command?.arguments ?? []));
    await until('it is explained', () => midfill().explanation()?.state === 'done');
    const explanation = midfill().explanation();
    equal(explanation?.title, 'function net, lines 1–2');
    equal(explanation?.markdown.includes(`[2](${uri}#L2)`), true);
    const hovers = await commands.executeCommand<Hover[]>('vscode.executeHoverProvider', uri, place.start);
    equal(hovers.length, 1);
    await commands.executeCommand('workbench.action.closeEditorsInOtherGroups');
  },

  'a docstring is written into the function under the cursor': async () => {
    const editor = await edit('def net(gross, rate=0.2):\n    return gross / (1 + rate)\n');
    editor.selection = new Selection(1, 8, 1, 8);
    await commands.executeCommand('midfill.writeDocstring');
    await until('it is there', () => editor.document.lineAt(1).text.startsWith('    """'));
    equal(textOf(editor).endsWith('    return gross / (1 + rate)\n'), true);
  },

  'the server lists its models and switches': async () => {
    await set('models', { other: '/other.gguf' });
    await until('listed', async () => {
      const { models } = await commands.executeCommand<{ models: string[] }>('midfill.switchModel');
      return JSON.stringify(models) === '["other","shipped"]';
    });
    await commands.executeCommand('midfill.switchModel', 'other');
    await until('it serves', async () => {
      const { serving } = await commands.executeCommand<{ serving: string }>('midfill.switchModel');
      return serving === '/other.gguf';
    });
    await set('models', undefined);
    await commands.executeCommand('midfill.switchModel', 'shipped');
    await until(
      'ready',
      async () => (await edit('x = 1\n')) && midfill().status().text === '$(sparkle) Midfill',
    );
  },

  'a cell of a notebook gets ghost text that knows the other cells': async () => {
    const cell = (text: string) => new NotebookCellData(NotebookCellKind.Code, text, 'python');
    const notebook = await workspace.openNotebookDocument(
      'jupyter-notebook',
      new NotebookData([cell('prices, tax = [1], 2'), cell('total = ')]),
    );
    await window.showNotebookDocument(notebook);
    await commands.executeCommand('notebook.focusBottom');
    await commands.executeCommand('notebook.cell.edit');
    const document = notebook.cellAt(1).document;
    await until('the cell is edited', () => window.activeTextEditor?.document === document);
    const editor = window.activeTextEditor as TextEditor;
    editor.selection = new Selection(0, 8, 0, 8);
    await accept(editor, 'total = sum(prices) + tax');
    equal(wire().includes('"method":"notebookDocument/didOpen"'), true);
    equal(
      wire().includes(
        '"method":"textDocument/didOpen","params":{"textDocument":{"uri":"vscode-notebook-cell',
      ),
      false,
    );
    await commands.executeCommand('workbench.action.closeActiveEditor');
  },

  'the server is started anew by command': async () => {
    const before = count(wire(), '"method":"initialize"');
    await commands.executeCommand('midfill.restart');
    await until('ready', () => midfill().status().health.kind === 'running');
    equal(count(wire(), '"method":"initialize"'), before + 1);
    const editor = await edit('def fib(n):\n    ');
    await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
  },
};
