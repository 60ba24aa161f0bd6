// What the cases in the extension host do and look at.

import { readFileSync } from 'node:fs';
import {
  ConfigurationTarget,
  commands,
  extensions,
  Position,
  Range,
  Selection,
  type TextEditor,
  Uri,
  window,
  workspace,
} from 'vscode';

import type { Api } from '../../../editors/vscode/src/extension.ts';

const PATIENCE_MS = Number(process.env.MIDFILL_PATIENCE_MS);

export type Cases = Record<string, () => Promise<void>>;

/** The extension under test. */
export function midfill(): Api {
  const api = extensions.getExtension<Api>('midfill.midfill')?.exports;
  if (!api) throw new Error('the extension is not active');
  return api;
}

/** What the extension has sent to its program. */
export function wire(): string {
  return readFileSync(process.env.MIDFILL_WIRE ?? '', 'utf8');
}

/** Shows a new Python file with the cursor at its end. */
export async function edit(text: string): Promise<TextEditor> {
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

export async function replace(editor: TextEditor, text: string): Promise<void> {
  const { document } = editor;
  const whole = new Range(new Position(0, 0), document.lineAt(document.lineCount - 1).range.end);
  await editor.edit((change) => change.replace(whole, text));
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new Selection(end, end);
}

export function textOf(editor: TextEditor): string {
  return editor.document.getText();
}

export async function trigger(): Promise<void> {
  await commands.executeCommand('editor.action.inlineSuggest.trigger');
}

/** Asks for ghost text and takes it, or a part of it, until the text is as wanted. */
export async function accept(editor: TextEditor, wanted: string, command?: string): Promise<void> {
  await trigger();
  await take(editor, wanted, command);
}

/** Takes what is shown, or a part of it, until the text is as wanted. */
export async function take(
  editor: TextEditor,
  wanted: string,
  command = 'editor.action.inlineSuggest.commit',
): Promise<void> {
  const before = textOf(editor);
  await until(
    () => `the text is ${JSON.stringify(wanted)}, not ${JSON.stringify(textOf(editor))}`,
    async () => {
      if (textOf(editor) === before) await commands.executeCommand(command);
      return textOf(editor) === wanted;
    },
  );
}

/** Nothing is asked, even by hand, and the status says why. */
export async function nothingComes(reason: object, isServerTold = true): Promise<void> {
  await until(
    'the status tells the reason',
    () => JSON.stringify(midfill().status().reason) === JSON.stringify(reason),
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

export async function somethingComes(): Promise<void> {
  await until('the status is as before', () => midfill().status().reason === undefined);
  const editor = await edit('def fib(n):\n    ');
  await accept(editor, 'def fib(n):\n    if n < 2:\n        return n');
}

/** Whether something comes true within a moment. */
export async function soon(holds: () => boolean): Promise<boolean> {
  for (let n = 0; n < 10 && !holds(); n += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return holds();
}

export async function set(name: string, value: unknown): Promise<void> {
  await workspace.getConfiguration('midfill').update(name, value, ConfigurationTarget.Global);
}

export function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

export function equal(found: unknown, wanted: unknown): undefined {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`found ${a}, wanted ${b}`);
  return undefined;
}

export async function until(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const begin = Date.now();
  while (!(await holds())) {
    if (Date.now() - begin > PATIENCE_MS) {
      throw new Error(`this did not come true: ${typeof what === 'string' ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
