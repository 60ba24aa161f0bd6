// What the status bar says.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Usage } from '../src/protocol.ts';
import type { Reason } from '../src/quiet.ts';
import { type Health, shown } from '../src/status.ts';

interface Scene {
  health?: Health;
  reason?: Reason;
  isBusy?: boolean;
  usage?: Usage;
}

const READY: Health = { kind: 'running', status: { state: 'ready', message: 'shipped on the CPU' } };
const USAGE: Usage = { reused: 180, computed: 2, decoded: 7, shown: true };

function check(scene: Scene, wanted: string): void {
  const { text, tooltip, severity } = shown(
    scene.health ?? READY,
    scene.reason,
    scene.isBusy ?? false,
    scene.usage,
  );
  assert.equal([text, ...tooltip, ...(severity === 'none' ? [] : [severity])].join(' | '), wanted);
}

test('how it stands with the server', () => {
  check({ health: { kind: 'starting' } }, '$(sync~spin) Midfill | Midfill is starting.');
  check({}, '$(sparkle) Midfill | Midfill is ready: shipped on the CPU');
  check(
    { health: { kind: 'running', status: { state: 'loading', message: 'loading the model', percent: 40 } } },
    '$(sync~spin) Midfill 40% | Midfill is loading its model: loading the model',
  );
  check(
    { health: { kind: 'running', status: { state: 'asleep', message: 'no key for long' } } },
    '$(moon) Midfill | Midfill is asleep: no key for long',
  );
});

test('that it is at work, and what the last answer cost or why there was none', () => {
  check({ isBusy: true }, '$(loading~spin) Midfill | Midfill is thinking. | shipped on the CPU');
  check(
    { usage: USAGE },
    '$(sparkle) Midfill | Midfill is ready: shipped on the CPU | The last ghost text took 2 new tokens of the prompt (180 were known) and 7 written ones.',
  );
  check(
    { usage: { ...USAGE, shown: false, whyNothing: 'inside a word' } },
    '$(sparkle) Midfill | Midfill is ready: shipped on the CPU | The last time there was no ghost text: inside a word.',
  );
});

test('why it is quiet here', () => {
  check(
    { reason: { kind: 'snoozed', minutes: 4 } },
    '$(bell-slash) Midfill 4 min | Midfill is quiet for another 4 min. | Press to change that.',
  );
  check(
    { reason: { kind: 'file' } },
    '$(circle-slash) Midfill | Midfill is paused in this file. | Press to change that.',
  );
  check(
    { reason: { kind: 'unsupported', language: 'rust' } },
    '$(circle-slash) Midfill | Midfill writes Python; this file is in rust.',
  );
});

test('trouble comes before everything else', () => {
  const reason: Reason = { kind: 'file' };
  check(
    { health: { kind: 'missing', message: 'There is no program.' }, reason },
    '$(warning) Midfill | There is no program. | Press to see what can be done. | warning',
  );
  check(
    { health: { kind: 'stopped', message: 'It has ended.' }, reason },
    '$(error) Midfill | It has ended. | Press to see what can be done. | error',
  );
  check(
    { health: { kind: 'running', status: { state: 'error', message: 'No GGUF.' } }, isBusy: true },
    '$(error) Midfill | No GGUF. | Press to see what can be done. | error',
  );
});
