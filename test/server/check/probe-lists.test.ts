// What --check says of lists that can be read and would still surprise.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { probeLists } from '../../../src/server/check/probe-lists.ts';
import type { Configuration } from '../../../src/server/options/configuration.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';

const directory = temporaryDirectory('lists');
const hash = '0a'.repeat(20);

function findings(lists: Partial<Pick<Configuration, 'allowList' | 'denyList'>>): string[] {
  return probeLists(lists as Configuration).map(({ level, text }) => `${level} ${text}`);
}

function listWith(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test('an allow-list in which nothing stands', () => {
  const empty = listWith('empty', '# nothing yet\n\n');
  assert.match(findings({ allowList: empty })[0], /^warning --allow-list .*empty is empty: nothing may be/);
  assert.deepEqual(findings({ allowList: listWith('full', `# one\n${hash}\n`) }), []);
  assert.deepEqual(findings({}), []);
});

test('a deny-list in a directory that is not there can be written by nobody', () => {
  assert.match(findings({ denyList: join(directory, 'none', 'denied') })[0], /deny and undeny will fail/);
  assert.deepEqual(findings({ denyList: listWith('denied', `${hash}\n`) }), []);
});
