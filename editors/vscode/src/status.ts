// What the status bar says.

import type { ServerStatus, Usage } from './protocol.ts';
import type { Reason } from './quiet.ts';
import { t } from './words.ts';

/** How it stands with the server's process, and what it last said about itself. */
export type Health =
  | { kind: 'missing'; message: string }
  | { kind: 'starting' }
  | { kind: 'stopped'; message: string }
  | { kind: 'running'; status: ServerStatus };

export interface Shown {
  text: string;
  /** Sentences, the most important one first. */
  tooltip: string[];
  severity: 'none' | 'warning' | 'error';
}

/** What to show, given the server, why it is quiet here, and whether it is at work on an answer. */
export function shown(
  health: Health,
  reason: Reason | undefined,
  isBusy: boolean,
  usage: Usage | undefined,
): Shown {
  const trouble = troubleOf(health);
  if (trouble) return trouble;
  if (reason) return quiet(reason);
  const last = usage ? [lastAnswer(usage)] : [];
  if (health.kind !== 'running') return plain('$(sync~spin) Midfill', [t('Midfill is starting.')]);
  const { state, message, percent } = health.status;
  switch (state) {
    case 'loading': {
      const progress = percent === undefined ? 'Midfill' : `Midfill ${percent}%`;
      return plain(`$(sync~spin) ${progress}`, [t('Midfill is loading its model: {0}', message)]);
    }
    case 'asleep':
      return plain('$(moon) Midfill', [t('Midfill is asleep: {0}', message)]);
    default:
      return isBusy
        ? plain('$(loading~spin) Midfill', [t('Midfill is thinking.'), message, ...last])
        : plain('$(sparkle) Midfill', [t('Midfill is ready: {0}', message), ...last]);
  }
}

function plain(text: string, tooltip: string[]): Shown {
  return { text, tooltip, severity: 'none' };
}

function troubleOf(health: Health): Shown | undefined {
  const press = t('Press to see what can be done.');
  switch (health.kind) {
    case 'missing':
      return { text: '$(warning) Midfill', tooltip: [health.message, press], severity: 'warning' };
    case 'stopped':
      return { text: '$(error) Midfill', tooltip: [health.message, press], severity: 'error' };
    case 'running':
      return health.status.state === 'error'
        ? { text: '$(error) Midfill', tooltip: [health.status.message, press], severity: 'error' }
        : undefined;
    default:
      return undefined;
  }
}

function quiet(reason: Reason): Shown {
  const press = t('Press to change that.');
  switch (reason.kind) {
    case 'snoozed':
      return plain(`$(bell-slash) Midfill ${t('{0} min', reason.minutes)}`, [because(reason), press]);
    case 'unsupported':
      return plain('$(circle-slash) Midfill', [because(reason)]);
    default:
      return plain('$(circle-slash) Midfill', [because(reason), press]);
  }
}

/** Why there is no ghost text, in a sentence. */
export function because(reason: Reason): string {
  switch (reason.kind) {
    case 'editor':
      return t('VS Code shows no ghost text: the setting editor.inlineSuggest.enabled says so.');
    case 'setting':
      return t('Midfill is off: the setting midfill.enabled says so.');
    case 'snoozed':
      return t('Midfill is quiet for another {0} min.', reason.minutes);
    case 'file':
      return t('Midfill is paused in this file.');
    case 'language':
      return t('Midfill is off for {0}: the setting midfill.languages says so.', reason.language);
    case 'unsupported':
      return t('Midfill writes Python; this file is in {0}.', reason.language);
  }
}

function lastAnswer(usage: Usage): string {
  return usage.whyNothing !== undefined
    ? t('The last time there was no ghost text: {0}.', usage.whyNothing)
    : t(
        'The last ghost text took {0} new tokens of the prompt ({1} were known) and {2} written ones.',
        usage.computed,
        usage.reused,
        usage.decoded,
      );
}
