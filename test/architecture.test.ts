// Holds the rules of imports: the table of rooms.ts, that nothing imports in a circle, and what may touch node: or a package.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { circlesIn, groupArrows, readImportGraph } from './import-graph.ts';
import { roomOf, roomsOf } from './rooms.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const { files, inside, outside, loaded } = readImportGraph(src);
const rooms = roomsOf(files);
const roomFor = new Map(files.map((file) => [file, roomOf(file, rooms)]));

/** Folders that touch no `node:` module and no package. */
const pure = ['protocol', 'swarm', 'tracker'];

test('every file of src stands in a room', () => {
  assert.deepEqual(
    files.filter((file) => roomFor.get(file) === undefined),
    [],
  );
});

for (const { name: room, may, needs } of rooms.values()) {
  test(`src/${room} imports what it may, and may import nothing else`, () => {
    const wanted = new Set<string>();
    for (const file of files.filter((file) => roomFor.get(file) === room)) {
      for (const target of inside.get(file)!) {
        const other = roomFor.get(target)!;
        if (other === room) continue;
        assert.ok(may.includes(other), `${file} imports ${target}; ${room} may not import ${other}`);
        wanted.add(other);
      }
      if (!pure.includes(room.split('/')[0])) continue;
      assert.deepEqual(outside.get(file), [], `${file}: ${room} may import no package and no node: module`);
    }
    assert.deepEqual(
      needs.filter((other) => !wanted.has(other)),
      [],
      'what is allowed and not needed is taken out',
    );
  });
}

test('no file imports itself by a detour, not even for a type', () => {
  assert.deepEqual(circlesIn(inside), []);
});

test('no room imports itself by a detour', () => {
  assert.deepEqual(circlesIn(groupArrows(inside, (file) => roomFor.get(file)!)), []);
});

/** These files and all that is loaded with them. */
function loadedWith(files: readonly string[]): ReadonlySet<string> {
  const reached = new Set(files);
  for (const file of reached) for (const target of loaded.get(file)!) reached.add(target);
  return reached;
}

test('whoever asks which transports there are loads no sockets', () => {
  const reached = loadedWith(['transport/transports.ts']);
  for (const file of reached) assert.deepEqual(outside.get(file), [], file);
  assert.ok(reached.has('transport/udp/description.ts'));
});

test('options know no sockets, no threads and no system calls', () => {
  const options = files.filter((file) => roomFor.get(file) === 'server/options');
  assert.ok(options.length > 10);
  for (const file of loadedWith(options)) {
    assert.doesNotMatch(file, /^net\//);
    const sockets = outside
      .get(file)!
      .filter((name) => /^node:(dgram|https?|http2|tls|worker_threads|child_process)$/.test(name));
    assert.deepEqual(sockets, [], file);
    // Whether a text is an address is asked of Node.
    const ofNet = /import (.*) from 'node:net'/.exec(readFileSync(join(src, file), 'utf8'))?.[1];
    assert.ok(ofNet === undefined || ofNet === '{ isIP }', `${file} imports ${ofNet}`);
  }
});

test('circles are found, and a chain is none', () => {
  const arrows = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b', 'd']],
    ['d', []],
  ]);
  assert.deepEqual(circlesIn(arrows), [['b', 'c']]);
});

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
    /\((?=[^()]*\b(?:now|tick|time|second|epoch|seen|age)\w*\b)[^()]*-[^()]*\)\s*(?:&|\|\s*0|>>>?)/i;
  for (const file of files.filter((name) => /^(protocol|swarm|tracker)\//.test(name))) {
    if (file === 'protocol/wrapped-time.ts') continue;
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const found = masked.exec(code);
    assert.equal(found, null, `${file} has ${found?.[0]}`);
    if (file !== 'swarm/tick.ts') assert.doesNotMatch(code, /0x1fff|0x2000(?!00)\b.*tick/i, file);
  }
});

test("Node's private handles are reached in one file", () => {
  const reaching = files.filter((file) => readFileSync(`${src}${file}`, 'utf8').includes('_handle'));
  assert.deepEqual(reaching, ['net/node-handles.ts']);
});
