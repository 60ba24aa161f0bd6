// The settings, as VS Code has them now.

import { ConfigurationTarget, type Extension, type TextDocument, workspace } from 'vscode';

import { serverOptions } from './options.ts';
import type { Wishes } from './quiet.ts';

function section() {
  return workspace.getConfiguration('midfill');
}

/** The names of all settings, without `midfill.`. */
export function namesOf(extension: Extension<unknown>): string[] {
  const groups: { properties: object }[] = extension.packageJSON.contributes.configuration;
  return groups
    .flatMap((group) => Object.keys(group.properties))
    .map((name) => name.slice('midfill.'.length));
}

function levelsOf(name: string) {
  const found = section().inspect(name);
  return {
    folder: found?.workspaceFolderValue,
    workspace: found?.workspaceValue,
    user: found?.globalValue,
  };
}

/** The options for the server. */
export function optionsOf(names: string[]): Record<string, unknown> {
  return serverOptions(names, {
    isSet: (name) => Object.values(levelsOf(name)).some((value) => value !== undefined),
    get: (name) => section().get(name),
  });
}

/** What the settings say about where ghost text is wanted. */
export function wishes(document?: TextDocument): Wishes {
  const languages = section().get<Record<string, boolean>>('languages');
  return {
    isShown: workspace.getConfiguration('editor', document).get('inlineSuggest.enabled', true),
    enabled: section().get('enabled', true),
    languages: languages ?? {},
  };
}

/** Has VS Code show ghost text. */
export async function showGhostText(): Promise<void> {
  await workspace
    .getConfiguration('editor')
    .update('inlineSuggest.enabled', true, ConfigurationTarget.Global);
}

export function program(): string {
  return section().get('server.path', '').trim();
}

/** Writes a setting where it is set already, so that the new value holds; `undefined` removes it there. */
export async function write(name: string, value: unknown): Promise<void> {
  const levels = levelsOf(name);
  const target =
    levels.folder !== undefined
      ? ConfigurationTarget.WorkspaceFolder
      : levels.workspace !== undefined
        ? ConfigurationTarget.Workspace
        : ConfigurationTarget.Global;
  await section().update(name, value, target);
}

/** What a setting is now, defaults included. */
export function read<T>(name: string, otherwise: T): T {
  return section().get(name, otherwise);
}
