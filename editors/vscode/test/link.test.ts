// Where links of a report lead.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hrefOf, renderable, targetOf } from '../src/link.ts';

test('links into files have lines, counted from 0 here', () => {
  const uri = 'file:///a%20b.py';
  assert.deepEqual(targetOf(`${uri}#L12`), { kind: 'file', uri, first: 11, last: 11 });
  assert.deepEqual(targetOf(`${uri}#L12-L20`), { kind: 'file', uri, first: 11, last: 19 });
  assert.deepEqual(targetOf(uri), { kind: 'file', uri, first: undefined, last: undefined });
});

test('pages go to the browser, and everything else nowhere', () => {
  assert.deepEqual(targetOf('https://docs.astral.sh/#x'), { kind: 'page', uri: 'https://docs.astral.sh/#x' });
  assert.equal(targetOf('command:workbench.action.quit'), undefined);
  assert.equal(targetOf('javascript:alert(1)'), undefined);
  assert.equal(targetOf('#heading'), undefined);
});

test('a link into a file survives the renderer', () => {
  const href = 'file:///tmp/a%20b.py#L3-L4';
  const rendered = renderable(`see [lines 3–4](${href}) and [a page](https://example.org)`);
  const found = /\]\((#[^)]*)\).*(\]\(https:\/\/example.org\))/.exec(rendered)?.[1];
  assert.equal(hrefOf(found ?? ''), href);
});
