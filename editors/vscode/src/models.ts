// Switching to another model, for now or for good.

import { type QuickPickItem, type Uri, window } from 'vscode';

import { read, write } from './configuration.ts';
import { type Models, SWITCH_MODEL } from './protocol.ts';
import { type Server, textOf } from './server.ts';
import { t } from './words.ts';

const SHIPPED = 'shipped';

interface Choice extends QuickPickItem {
  /** What the server knows it by; undefined asks for a file. */
  model?: string;
}

/** Lets the user choose a model, has the server switch, and offers to keep it. */
export async function chooseModel(server: Server): Promise<void> {
  try {
    const known = await server.run<Models>(SWITCH_MODEL, []);
    const chosen = await window.showQuickPick(choices(known), {
      title: t('Model'),
      placeHolder: t('The old one answers until the new one is loaded.'),
    });
    if (!chosen) return;
    const model = chosen.model ?? (await chooseFile())?.fsPath;
    if (model === undefined) return;
    await server.run(SWITCH_MODEL, [model]);
    const keep = t('Keep for Good');
    const message = t('{0} answers in this window as soon as it is loaded.', model);
    if ((await window.showInformationMessage(message, keep)) === keep)
      await write('model', settingFor(model));
  } catch (error) {
    void window.showErrorMessage(`Midfill: ${textOf(error)}`);
  }
}

function choices({ models, serving }: Models): Choice[] {
  const paths = read<Record<string, string>>('models', {});
  const known = models.map((model): Choice => {
    const path = paths[model];
    const isServing = serving === model || (path !== undefined && serving === path);
    return {
      label: `${isServing ? '$(check) ' : ''}${model === SHIPPED ? t('The model that comes with Midfill') : model}`,
      ...(path !== undefined && { description: path }),
      model,
    };
  });
  return [...known, { label: t('A file …'), description: '.gguf' }];
}

async function chooseFile(): Promise<Uri | undefined> {
  const files = await window.showOpenDialog({
    title: t('A model that fills in the middle'),
    filters: { GGUF: ['gguf'] },
  });
  return files?.[0];
}

/** The value of the setting `model` that means the same; the model that is shipped needs none. */
function settingFor(model: string): string | undefined {
  if (model === SHIPPED) return undefined;
  return read<Record<string, string>>('models', {})[model] ?? model;
}
