// What of the settings goes to the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { serverOptions } from '../src/options.ts';

const NAMES = ['enabled', 'model', 'threads', 'server.path', 'server.options', 'trace.server'];

function check(set: Record<string, unknown>, wanted: Record<string, unknown>): void {
  const options = serverOptions(NAMES, { isSet: (name) => name in set, get: (name) => set[name] });
  assert.deepEqual(options, wanted);
}

test('what is set goes to the server, and nothing else', () => {
  check({}, {});
  check({ enabled: false, threads: 2 }, { enabled: false, threads: 2 });
});

test('empty values are the defaults', () => {
  check({ model: '', threads: null }, {});
});

test("the editor's own settings stay here", () => {
  check({ 'server.path': '/m', 'trace.server': 'verbose' }, {});
});

test('options without a setting go along, below those with one', () => {
  check({ 'server.options': { beam: 2, threads: 1 }, threads: 4 }, { beam: 2, threads: 4 });
  check({ 'server.options': 'nonsense' }, {});
});
