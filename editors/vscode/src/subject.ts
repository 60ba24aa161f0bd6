// What a command is about: what is selected, or the function under the cursor.

import { window } from 'vscode';

import { t } from './words.ts';

/** A place in a document, as the server's commands take it. An empty range is the cursor. */
export interface Subject {
  textDocument: { uri: string };
  range: { start: LinePosition; end: LinePosition };
}

interface LinePosition {
  line: number;
  character: number;
}

/** The place in the active editor; without one the user is told what to do. */
export function subjectHere(): Subject | undefined {
  const editor = window.activeTextEditor;
  if (!editor) {
    void window.showInformationMessage(t('Open a Python file and put the cursor into a function first.'));
    return undefined;
  }
  const { start, end } = editor.selection;
  return {
    textDocument: { uri: editor.document.uri.toString() },
    range: {
      start: { line: start.line, character: start.character },
      end: { line: end.line, character: end.character },
    },
  };
}
