// Where there is no ghost text, and why.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Quiet } from '../src/quiet.ts';

const PYTHON = { uri: 'file:///a.py', language: 'python', isSupported: true };
const ON = { isShown: true, enabled: true, languages: {} };

function quietAt(time: { now: number }, files: string[] = []): Quiet {
  return new Quiet(files, () => time.now);
}

test('nothing is silenced at first', () => {
  assert.equal(quietAt({ now: 0 }).reason(PYTHON, ON), undefined);
  assert.equal(quietAt({ now: 0 }).reason(undefined, ON), undefined);
});

test('a snooze counts down and ends by itself', () => {
  const time = { now: 1_000 };
  const quiet = quietAt(time);
  quiet.snooze(5);
  assert.deepEqual(quiet.reason(PYTHON, ON), { kind: 'snoozed', minutes: 5 });
  time.now += 60_001;
  assert.deepEqual(quiet.reason(PYTHON, ON), { kind: 'snoozed', minutes: 4 });
  time.now += 4 * 60_000;
  assert.equal(quiet.reason(PYTHON, ON), undefined);
});

test('a file is silenced by itself, until it is named again', () => {
  const quiet = quietAt({ now: 0 }, ['file:///b.py']);
  quiet.silence(PYTHON.uri);
  assert.deepEqual(quiet.reason(PYTHON, ON), { kind: 'file' });
  assert.equal(quiet.reason({ ...PYTHON, uri: 'file:///c.py' }, ON), undefined);
  assert.deepEqual(quiet.files, ['file:///b.py', 'file:///a.py']);
  quiet.resume(PYTHON.uri);
  assert.equal(quiet.reason(PYTHON, ON), undefined);
});

test('the settings silence everything, or languages', () => {
  const quiet = quietAt({ now: 0 });
  const off = (languages: Record<string, boolean>) => quiet.reason(PYTHON, { ...ON, languages })?.kind;
  assert.deepEqual(quiet.reason(PYTHON, { ...ON, enabled: false }), { kind: 'setting' });
  assert.equal(off({ python: false }), 'language');
  assert.equal(off({ '*': false }), 'language');
  assert.equal(off({ '*': false, python: true }), undefined);
});

test('where VS Code shows no ghost text at all, that is told', () => {
  assert.deepEqual(quietAt({ now: 0 }).reason(PYTHON, { ...ON, isShown: false }), { kind: 'editor' });
});

test('a language that the server does not know is told', () => {
  const text = { uri: 'file:///a.txt', language: 'plaintext', isSupported: false };
  assert.deepEqual(quietAt({ now: 0 }).reason(text, ON), { kind: 'unsupported', language: 'plaintext' });
});
