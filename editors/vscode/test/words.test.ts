// Everything that is said to people is said in both languages.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const home = join(import.meta.dirname, '..');
const read = (name: string) => readFileSync(join(home, name), 'utf8');
const keys = (name: string) => Object.keys(JSON.parse(read(name)));

/** The messages of the sources: the first argument of each call of `t`. */
function messages(): string[] {
  const sources = readdirSync(join(home, 'src')).map((name) => read(join('src', name)));
  const calls = sources.flatMap((source) => [...source.matchAll(/\bt\(\s*'([^']*)'/g)]);
  return [...new Set(calls.map((call) => call[1] ?? ''))];
}

test('every message of the sources has a Chinese one, and none is left over', () => {
  const found = messages();
  assert.ok(found.length > 40, `only ${found.length} messages were found`);
  assert.deepEqual(keys('l10n/bundle.l10n.zh-cn.json').toSorted(), found.toSorted());
});

test('a Chinese message has the places of the English one', () => {
  const places = (text: string) => (text.match(/\{\d\}/g) ?? []).toSorted().join();
  for (const [english, chinese] of Object.entries<string>(JSON.parse(read('l10n/bundle.l10n.zh-cn.json')))) {
    assert.equal(places(chinese), places(english), english);
  }
});

test('every text of the manifest is there in both languages, and none is left over', () => {
  const used = [...read('package.json').matchAll(/"%([^%"]+)%"/g)].map((match) => match[1] ?? '');
  const wanted = [...new Set(used)].toSorted();
  assert.deepEqual(keys('package.nls.json').toSorted(), wanted);
  assert.deepEqual(keys('package.nls.zh-cn.json').toSorted(), wanted);
});

test('the files that the texts name are there', () => {
  for (const language of ['package.nls.json', 'package.nls.zh-cn.json']) {
    assert.ok(read(JSON.parse(read(language))['walkthrough.keys.media']).length > 0);
  }
});
