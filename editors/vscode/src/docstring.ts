// Writing a docstring: the server makes the edit, here it is asked for and what goes wrong is said.

import { ProgressLocation, window } from 'vscode';

import { DOCSTRING } from './protocol.ts';
import { type Server, textOf } from './server.ts';
import type { Subject } from './subject.ts';
import { t } from './words.ts';

/** Has docstrings written for the functions at a place that have none. */
export async function writeDocstring(server: Server, subject: Subject | undefined): Promise<void> {
  if (!subject) return;
  try {
    const title = t('Midfill: writing a docstring …');
    await window.withProgress({ location: ProgressLocation.Window, title }, () =>
      server.run(DOCSTRING, [subject]),
    );
  } catch (error) {
    void window.showWarningMessage(`Midfill: ${textOf(error)}`);
  }
}
