// Finds the program `midfill`.

import { join } from 'node:path';

/** What finding needs to know of the machine. */
export interface Machine {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  home: string;
  /** Whether a path is a file that can be run. */
  canRun: (path: string) => boolean;
}

/** The program, or where it was looked for. */
export type Found =
  | { path: string; from: 'setting' | 'extension' | 'path' | 'cargo' }
  | { path: undefined; isSettingWrong: boolean; lookedIn: string[] };

/**
 * Looks where the setting says, in the extension, on PATH and in cargo's folder, in this order. A setting that
 * names no program ends the search: another one would not be what its author wanted.
 */
export function findProgram(setting: string, extension: string, machine: Machine): Found {
  const name = machine.platform === 'win32' ? 'midfill.exe' : 'midfill';
  if (setting !== '') {
    const path = atHome(setting, machine.home);
    return machine.canRun(path)
      ? { path, from: 'setting' }
      : { path: undefined, isSettingWrong: true, lookedIn: [path] };
  }
  const places: [string, 'extension' | 'path' | 'cargo'][] = [
    [join(extension, 'bin', name), 'extension'],
    ...foldersOf(machine).map((folder): [string, 'path'] => [join(folder, name), 'path']),
    [join(machine.env.CARGO_HOME || join(machine.home, '.cargo'), 'bin', name), 'cargo'],
  ];
  const place = places.find(([path]) => machine.canRun(path));
  return place
    ? { path: place[0], from: place[1] }
    : { path: undefined, isSettingWrong: false, lookedIn: places.map(([path]) => path) };
}

function foldersOf(machine: Machine): string[] {
  const path = machine.env.PATH ?? machine.env.Path ?? '';
  return path.split(machine.platform === 'win32' ? ';' : ':').filter((folder) => folder !== '');
}

function atHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}
