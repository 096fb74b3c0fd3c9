// Holds the import table of the architecture: which folder may import which, and which may touch node: or a package.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

interface Rule {
  /** Folders of this project that may be imported, besides the folder itself. */
  folders: string[];
  /** Whether `node:` modules and packages may be imported. */
  outside: boolean;
}

const rules: Record<string, Rule> = {
  protocol: { folders: [], outside: false },
  swarm: { folders: ['protocol'], outside: false },
  tracker: { folders: ['protocol', 'swarm'], outside: false },
  net: { folders: [], outside: true },
  transport: { folders: ['protocol', 'tracker', 'net'], outside: true },
  admin: { folders: ['protocol', 'tracker', 'transport'], outside: true },
  cli: { folders: ['protocol'], outside: true },
  server: { folders: ['protocol', 'swarm', 'tracker', 'net', 'transport', 'admin', 'cli'], outside: true },
  query: { folders: ['protocol', 'cli'], outside: true },
};

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g;

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3]!);
}

const files = readdirSync(src, { recursive: true })
  .map((name) => String(name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts'));

test('every folder of src has a rule', () => {
  const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]!));
  for (const folder of folders) assert.ok(rules[folder], `src/${folder} has no import rule`);
});

for (const file of files) {
  const folder = file.includes('/') ? file.split('/')[0]! : '';
  const rule = rules[folder];
  if (!rule) continue;
  test(`src/${file} imports only what src/${folder} may`, () => {
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) {
        assert.ok(
          rule.outside,
          `${file} imports ${specifier}; src/${folder} may import no package and no node: module`,
        );
        continue;
      }
      const target = new URL(specifier, `file:///${file}`).pathname.slice(1).split('/')[0]!;
      const allowed = target === folder || rule.folders.includes(target);
      assert.ok(allowed, `${file} imports ${specifier}; src/${folder} may not import src/${target}`);
    }
  });
}

test('the pure folders use no clock, no randomness and no globals of Node', () => {
  const forbidden = /\b(Date\.now|performance\.now|Math\.random|process\.|Buffer\b|setTimeout|setInterval)/;
  for (const file of files.filter((name) => /^(protocol|swarm|tracker)\//.test(name))) {
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const found = forbidden.exec(code);
    assert.equal(found, null, `${file} uses ${found?.[0]}`);
  }
});

test('only wrapped-time.ts takes distances of times that are kept in a few bits', () => {
  // `(now - word) & 0xffff` and its like.
  const masked =
    /\((?=[^()]*\b(?:now|tick|time|second|slot|seen|age)\w*\b)[^()]*-[^()]*\)\s*(?:&|\|\s*0|>>>?)/i;
  for (const file of files.filter((name) => /^(protocol|swarm|tracker)\//.test(name))) {
    if (file === 'protocol/wrapped-time.ts') continue;
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const found = masked.exec(code);
    assert.equal(found, null, `${file} has ${found?.[0]}`);
    if (file !== 'swarm/tick.ts') assert.doesNotMatch(code, /0x1fff|0x2000(?!00)\b.*tick/i, file);
  }
});
