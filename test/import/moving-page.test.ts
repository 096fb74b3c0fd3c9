// The examples of docs/moving.md, run as they stand: what is told is what the page says, and the tracker takes what is written.
// With UPDATE_EXAMPLES=1 the page is written anew from what is told.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { otherTrackerNames } from '../../src/import/trackers.ts';
import { readConfigFile } from '../../src/server/options/read-config-file.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const page = fileURLToPath(new URL('../../../docs/moving.md', import.meta.url));
const caracal = fileURLToPath(new URL('../../src/main.js', import.meta.url));
let text = readFileSync(page, 'utf8');
const updating = process.env.UPDATE_EXAMPLES === '1';

const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

test('every tracker that can be moved in from has its section', () => {
  assert.deepEqual([...sections.keys()].sort(), [...otherTrackerNames].sort());
});

for (const [name, section] of sections) {
  test(`the example of ${name}`, () => {
    const directory = temporaryDirectory('moving');
    const blocks = [...section.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)];
    const files = blocks.filter(([, , file]) => file !== undefined && file !== 'told');
    for (const [, , file, content] of files) writeFileSync(join(directory, file!), content);
    const command = blocks
      .find(([, language]) => language === 'sh')![3]
      .trim()
      .split(' ');
    assert.equal(command[0], 'caracal');
    const words = [caracal, ...command.slice(1)];
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: directory, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const told = stderr.replaceAll(directory, 'DIR');
    const said = blocks.find(([, , file]) => file === 'told')!;
    if (updating)
      text = text.replace(section, () => section.replace(said[0], () => `\`\`\`text told\n${told}\`\`\``));
    else assert.equal(said[3], told);
    assert.ok(readConfigFile(join(directory, 'tracker.toml')).size > 0);
  });
}

after(() => {
  if (updating) writeFileSync(page, text);
});
