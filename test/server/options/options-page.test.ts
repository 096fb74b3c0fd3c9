import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { optionGroups } from '../../../src/server/options/option.ts';
import { defaultTextOf, optionNames, optionOf } from '../../../src/server/options/options.ts';
import { formatExampleFile, formatOptionsPage } from '../../../src/server/options/options-page.ts';
import { fileOptions, readConfigFile } from '../../../src/server/options/read-config-file.ts';

const docs = new URL('../../../../docs/', import.meta.url);
const advice = 'run: node scripts/write-docs.mjs';

test('docs/options.md is in step with the option table', () => {
  assert.equal(readFileSync(new URL('options.md', docs), 'utf8'), formatOptionsPage(), advice);
});

test('docs/tracker.example.toml is in step with the option table', () => {
  assert.equal(readFileSync(new URL('tracker.example.toml', docs), 'utf8'), formatExampleFile(), advice);
});

test('the example file with every # taken away sets every option that a file may set', () => {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-example-'));
  try {
    const path = join(directory, 'tracker.toml');
    writeFileSync(path, formatExampleFile().replace(/^#(?=[a-z])/gm, ''));
    assert.deepEqual([...readConfigFile(path).keys()].sort(), [...fileOptions].sort());
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('no switch is on by default: as a flag it could only be turned on', () => {
  for (const name of optionNames.filter((name) => optionOf(name).kind.flag))
    assert.equal(optionOf(name).default, false, name);
});

test('no default is shown as the file would write it where help has words', () => {
  for (const name of optionNames) assert.doesNotMatch(defaultTextOf(name) ?? 'off', /[[\]{}"]/, name);
});

test('every option stands in a group of the help, and every default is a value of its kind', () => {
  for (const name of optionNames) {
    const { default: value, defaultText, group, kind } = optionOf(name);
    assert.ok(optionGroups.includes(group), name);
    if (value === undefined) assert.ok(defaultText, `${name} does not say what it does when it is not set`);
    else if (typeof value === 'object')
      assert.deepEqual(kind.fromToml(JSON.parse(kind.format(value as object))), value, name);
    else assert.notEqual(kind.fromToml(value), undefined, name);
  }
});
