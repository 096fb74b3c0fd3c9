// The scripts install what they need, so none may need it to be read.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('no script imports a package before it could be installed', () => {
  const scripts = readdirSync(join(root, 'scripts'), { recursive: true })
    .map((name) => `scripts/${name}`)
    .filter((name) => name.endsWith('.mjs'));
  assert.ok(scripts.length > 20, scripts.join(' '));
  const needing = scripts.flatMap((script) => {
    const text = readFileSync(join(root, script), 'utf8');
    const imports = text.matchAll(/^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'/gm);
    return [...imports]
      .map(([, from, bare]) => from ?? bare)
      .filter((name) => !/^(?:node:|\.)/.test(name))
      .map((name) => `${script}: ${name}`);
  });
  assert.deepEqual(needing, []);
});
