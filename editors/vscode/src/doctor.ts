// `midfill doctor` in a terminal, on the model that the settings name.

import { ProcessExecution, Task, TaskRevealKind, TaskScope, tasks, window } from 'vscode';

import type { Server } from './server.ts';
import { t } from './words.ts';

/** Runs the doctor. A task's terminal stays open when the program has ended. */
export async function runDoctor(server: Server, options: Record<string, unknown>): Promise<void> {
  if (server.program === undefined) {
    void window.showErrorMessage(
      t('The program midfill was not found, neither in the extension nor on PATH.'),
    );
    return;
  }
  const execution = new ProcessExecution(server.program, ['doctor', ...modelArguments(options)]);
  const task = new Task({ type: 'process' }, TaskScope.Global, 'doctor', 'Midfill', execution);
  task.presentationOptions = { reveal: TaskRevealKind.Always, clear: true, focus: false };
  await tasks.executeTask(task);
}

/** The options of the server that name a model, as the command line has them. */
export function modelArguments(options: Record<string, unknown>): string[] {
  const flags: [string, unknown][] = [
    ['--model', options.remote === undefined ? options.model : undefined],
    ['--context', options.context],
    ['--threads', options.threads],
    ['--gpu-layers', options.gpuLayers],
    ['--remote', options.remote],
  ];
  return flags.flatMap(([flag, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [flag, String(value)] : [],
  );
}
