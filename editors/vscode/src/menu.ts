// The menu behind the status item.

import { commands, type QuickPickItem, window } from 'vscode';
import type { Reason } from './quiet.ts';
import { because, type Health } from './status.ts';
import { t } from './words.ts';

/** What the menu depends on. */
export interface Scene {
  health: Health;
  /** Why there is no ghost text in the active document. */
  reason: Reason | undefined;
  /** The language of the active document, where the server takes it. */
  language: string | undefined;
}

export interface Entry extends QuickPickItem {
  command: string;
}

/** What can be done, the likeliest first. */
export function entries({ health, reason, language }: Scene): Entry[] {
  const entry = (icon: string, command: string, label: string, detail?: string): Entry => ({
    label: `$(${icon}) ${label}`,
    command,
    ...(detail !== undefined && { detail }),
  });
  if (health.kind === 'missing') {
    return [
      entry('folder-opened', 'midfill.chooseProgram', t('Choose the program …'), health.message),
      entry('book', 'midfill.walkthrough', t('How to get it')),
      entry('refresh', 'midfill.restart', t('Look again')),
      entry('output', 'midfill.showLog', t('Show the log')),
    ];
  }
  const mending = [
    entry('pulse', 'midfill.doctor', t('Ask the doctor what may be wrong')),
    entry('output', 'midfill.showLog', t('Show the log')),
    entry('refresh', 'midfill.restart', t('Start the server anew')),
  ];
  if (health.kind === 'stopped') return [...mending.slice(2), ...mending.slice(0, 2)];
  const pausing =
    reason && reason.kind !== 'unsupported'
      ? [entry('play', 'midfill.resume', t('Go on with ghost text here'), because(reason))]
      : [
          entry('bell-slash', 'midfill.snooze', t('Be quiet for a while …')),
          entry('debug-pause', 'midfill.pause', t('Pause everywhere')),
          ...(language === undefined
            ? []
            : [
                entry('file', 'midfill.pauseFile', t('Pause in this file')),
                entry('code', 'midfill.pauseLanguage', t('Pause for {0}', language)),
              ]),
        ];
  const here =
    language === undefined
      ? []
      : [
          entry('question', 'midfill.showWhy', t('Why this ghost text, or none?')),
          entry('comment-discussion', 'midfill.explainFunction', t('Explain the function')),
        ];
  return [
    ...(health.kind === 'running' && health.status.state === 'error' ? mending : []),
    ...pausing,
    ...here,
    entry('chip', 'midfill.chooseModel', t('Another model …')),
    entry('history', 'midfill.forgetLearnt', t('Forget what was learnt of you')),
    ...(health.kind === 'running' && health.status.state === 'error' ? [] : mending),
  ];
}

export async function showMenu(scene: Scene, title: string): Promise<void> {
  const chosen = await window.showQuickPick(entries(scene), { title: 'Midfill', placeHolder: title });
  if (chosen) await commands.executeCommand(chosen.command);
}
