// Where the program is found.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findProgram } from '../src/program.ts';

function check(setting: string, there: string[], wanted: string): void {
  const found = findProgram(setting, '/ext', {
    platform: 'linux',
    env: { PATH: '/usr/bin:/opt/bin' },
    home: '/home/ann',
    canRun: (path) => there.includes(path),
  });
  const shown =
    found.path === undefined ? `nowhere: ${found.lookedIn.join(' ')}` : `${found.from}: ${found.path}`;
  assert.equal(shown, wanted);
}

const EVERYWHERE = ['/ext/bin/midfill', '/opt/bin/midfill', '/home/ann/.cargo/bin/midfill', '/home/ann/mine'];

test('the setting comes first, then the extension, PATH and cargo', () => {
  check('/home/ann/mine', EVERYWHERE, 'setting: /home/ann/mine');
  check('~/mine', EVERYWHERE, 'setting: /home/ann/mine');
  check('', EVERYWHERE, 'extension: /ext/bin/midfill');
  check('', EVERYWHERE.slice(1), 'path: /opt/bin/midfill');
  check('', EVERYWHERE.slice(2), 'cargo: /home/ann/.cargo/bin/midfill');
});

test('a setting that names no program is not passed over', () => {
  check('/typo', EVERYWHERE, 'nowhere: /typo');
});

test('what was looked at is told', () => {
  const places = '/ext/bin/midfill /usr/bin/midfill /opt/bin/midfill /home/ann/.cargo/bin/midfill';
  check('', [], `nowhere: ${places}`);
});
