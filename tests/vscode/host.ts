// Tests that run inside VS Code's extension host, on midfill with a scripted model.

import { appendFileSync, readFileSync } from 'node:fs';
import {
  ConfigurationTarget,
  commands,
  Diagnostic,
  DiagnosticSeverity,
  extensions,
  languages,
  NotebookCellData,
  NotebookCellKind,
  NotebookData,
  Position,
  Range,
  Selection,
  type TextEditor,
  Uri,
  window,
  workspace,
} from 'vscode';

import type { Api } from '../../editors/vscode/src/extension.ts';

const PATIENCE_MS = 20_000;

let midfill: Api;

const cases: Record<string, () => Promise<void>> = {
  'the server is found on PATH and the status says that it is ready': async () => {
    await until(
      () => `ready, instead of ${JSON.stringify(midfill.status())}`,
      () => midfill.status().text === '$(sparkle) Midfill',
    );
  },

  'ghost text is provided and goes into the document': async () => {
    const editor = await edit('def fib(n):\n    ');
    await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
  },

  'a word of it is taken, then the rest of the line': async () => {
    const editor = await edit('prices, tax = [1], 2\ntotal = ');
    await accept(editor, 'prices, tax = [1], 2\ntotal = sum', 'editor.action.inlineSuggest.acceptNextWord');
    await accept(
      editor,
      'prices, tax = [1], 2\ntotal = sum(prices) + tax',
      'editor.action.inlineSuggest.acceptNextLine',
    );
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
    equal(midfill.status().text, '$(bell-slash) Midfill 5 min');
    await until(
      'the server is told',
      () => wire().lastIndexOf('"enabled":false') > wire().lastIndexOf('{"midfill":{}}'),
    );
    await commands.executeCommand('midfill.resume');
    await somethingComes();
  },

  'a file in another language says why there is none': async () => {
    await window.showTextDocument(await workspace.openTextDocument({ language: 'plaintext', content: 'x' }));
    await until('off', () => midfill.status().text === '$(circle-slash) Midfill');
    equal(midfill.status().reason, { kind: 'unsupported', language: 'plaintext' });
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
    await until('a report', () => midfill.why() !== undefined);
    equal(midfill.why()?.startsWith('# Ghost text was shown'), true);
    await commands.executeCommand('workbench.action.closeActiveEditor');
  },

  'the server lists its models and switches': async () => {
    await set('models', { other: '/other.gguf' });
    await until('listed', async () => {
      const { models } = await commands.executeCommand<{ models: string[] }>('midfill.switchModel');
      return JSON.stringify(models) === '["other","shipped"]';
    });
    await commands.executeCommand('midfill.switchModel', 'other');
    const { serving } = await commands.executeCommand<{ serving: string }>('midfill.switchModel');
    equal(serving, '/other.gguf');
    await set('models', undefined);
    await commands.executeCommand('midfill.switchModel', 'shipped');
    await until(
      'ready',
      async () => (await edit('x = 1\n')) && midfill.status().text === '$(sparkle) Midfill',
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
    await until('ready', () => midfill.status().health.kind === 'running');
    equal(count(wire(), '"method":"initialize"'), before + 1);
    const editor = await edit('def fib(n):\n    ');
    await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
  },
};

/** What VS Code calls. Throws where a case failed. */
export async function run(): Promise<void> {
  midfill = await (extensions.getExtension<Api>('midfill.midfill')?.activate() ??
    Promise.reject('no extension'));
  let failed = 0;
  for (const [name, test] of Object.entries(cases)) {
    const begin = Date.now();
    let problem = '';
    try {
      await test();
    } catch (error) {
      failed += 1;
      problem = `\n      ${error instanceof Error ? error.stack : error}`;
    }
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    say(`${problem ? 'FAIL' : 'ok  '}  ${name} [in the extension host] ${seconds} s${problem}`);
    await setBack();
    // Without a server the rest would only wait.
    if (failed > 0 && midfill.status().health.kind !== 'running') break;
  }
  if (failed > 0) throw new Error(`${failed} failed`);
}

/** Leaves nothing of one case to the next. */
async function setBack(): Promise<void> {
  for (const name of ['enabled', 'inStrings', 'languages', 'models']) {
    if (workspace.getConfiguration('midfill').inspect(name)?.globalValue !== undefined)
      await set(name, undefined);
  }
}

function say(line: string): void {
  appendFileSync(process.env.MIDFILL_RESULTS ?? '', `${line}\n`);
}

function wire(): string {
  return readFileSync(process.env.MIDFILL_WIRE ?? '', 'utf8');
}

/** Shows a new Python file with the cursor at its end. */
async function edit(text: string): Promise<TextEditor> {
  const folder = workspace.workspaceFolders?.[0]?.uri ?? Uri.file('/');
  const uri = Uri.joinPath(folder, 'example.py');
  if (!(await exists(uri))) await workspace.fs.writeFile(uri, new Uint8Array());
  const editor = await window.showTextDocument(await workspace.openTextDocument(uri));
  await replace(editor, text);
  return editor;
}

async function exists(uri: Uri): Promise<boolean> {
  try {
    await workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

async function replace(editor: TextEditor, text: string): Promise<void> {
  const { document } = editor;
  const whole = new Range(new Position(0, 0), document.lineAt(document.lineCount - 1).range.end);
  await editor.edit((change) => change.replace(whole, text));
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new Selection(end, end);
}

function textOf(editor: TextEditor): string {
  return editor.document.getText();
}

async function trigger(): Promise<void> {
  await commands.executeCommand('editor.action.inlineSuggest.trigger');
}

/** Asks for ghost text and takes it, or a part of it, until the text is as wanted. */
async function accept(editor: TextEditor, wanted: string, command = 'editor.action.inlineSuggest.commit') {
  const before = textOf(editor);
  await trigger();
  await until(
    () => `the text is ${JSON.stringify(wanted)}, not ${JSON.stringify(textOf(editor))}`,
    async () => {
      if (textOf(editor) === before) await commands.executeCommand(command);
      return textOf(editor) === wanted;
    },
  );
}

/** Nothing is asked, even by hand, and the status says why. */
async function nothingComes(reason: object, isServerTold = true): Promise<void> {
  await until(
    'the status tells the reason',
    () => JSON.stringify(midfill.status().reason) === JSON.stringify(reason),
  );
  const editor = window.activeTextEditor ?? (await edit('def fib(n):\n    '));
  // A command of the server is answered after whatever was asked before it.
  await commands.executeCommand('midfill.switchModel');
  const asked = count(wire(), '"textDocument/inlineCompletion"');
  const text = textOf(editor);
  await trigger();
  await commands.executeCommand('editor.action.inlineSuggest.commit');
  await commands.executeCommand('midfill.switchModel');
  await commands.executeCommand('editor.action.inlineSuggest.commit');
  equal(textOf(editor), text);
  equal(count(wire(), '"textDocument/inlineCompletion"'), asked);
  if (isServerTold) await until('the server is told', () => wire().includes('didChangeConfiguration'));
}

async function somethingComes(): Promise<void> {
  await until('the status is as before', () => midfill.status().reason === undefined);
  const editor = await edit('def fib(n):\n    ');
  await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
}

/** Whether something comes true within a moment. */
async function soon(holds: () => boolean): Promise<boolean> {
  for (let n = 0; n < 10 && !holds(); n += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return holds();
}

async function set(name: string, value: unknown): Promise<void> {
  await workspace.getConfiguration('midfill').update(name, value, ConfigurationTarget.Global);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function equal(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`found ${a}, wanted ${b}`);
}

async function until(what: string | (() => string), holds: () => boolean | Promise<boolean>): Promise<void> {
  const begin = Date.now();
  while (!(await holds())) {
    if (Date.now() - begin > PATIENCE_MS) {
      throw new Error(`this did not come true: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
