// The one table of words: both languages have every key, with the same places to fill, and nothing in it is unused.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MESSAGES } from '../../../connectors/http/console/src/core/messages';

const entries = Object.entries(MESSAGES as Record<string, readonly [string, string]>);
const places = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(m => m[1]))].sort();

test('both languages have every key', () => {
  assert.ok(entries.length > 300, `only ${entries.length} keys were read`);
  for (const [key, both] of entries) {
    assert.equal(both.length, 2, key);
    assert.ok(both[0].trim() && both[1].trim(), `${key} is empty in one language`);
  }
});

test('both languages fill the same places, in both forms of a counted text', () => {
  for (const [key, [en, zh]] of entries) {
    for (const form of en.split('|')) assert.deepEqual(places(form), places(zh), key);
    assert.ok(en.split('|').length <= 2, key);
  }
});

test('Chinese is Chinese', () => {
  const same = entries.filter(([key, [en, zh]]) => en === zh && key !== 'because').map(([key]) => key);
  assert.deepEqual(same, []);
  const latin = entries
    .filter(([key, [, zh]]) => !/[\u4e00-\u9fff]/.test(zh) && !['other_language', 'because', 'of'].includes(key))
    .map(([key]) => key);
  assert.deepEqual(latin, []);
});

test('every category that is shipped has its words', () => {
  const leaves = [...readFileSync(process.env.TOCSIN_CATEGORIES!, 'utf8').matchAll(/^ {2}([a-z][\w.]+): \{/gm)].map(
    m => m[1]!,
  );
  assert.ok(leaves.length > 30, `only ${leaves.length} categories were read`);
  assert.deepEqual(
    leaves.filter(leaf => !(`category_${leaf}` in MESSAGES)),
    [],
  );
});

test('no word is unused', () => {
  const folder = process.env.TOCSIN_CONSOLE_SOURCES!;
  const source = readdirSync(folder, { recursive: true })
    .map(String)
    .filter(f => /\.tsx?$/.test(f) && !f.endsWith('messages.ts'))
    .map(f => readFileSync(join(folder, f), 'utf8'))
    .join('\n');
  const prefixes = [...source.matchAll(/(?:term\('(\w+)'|t\(`(\w+_)\$\{)/g)].map(m => (m[1] ? `${m[1]}_` : m[2]!));
  const tables = ['category_', 'source_', 'grade_', 'tier_', 'outcome_', 'severity_']; // prefixes handed on as values
  const unused = entries
    .map(([key]) => key)
    .filter(key => !source.includes(`'${key}'`) && ![...prefixes, ...tables].some(p => key.startsWith(p)));
  assert.deepEqual(unused, []);
});
