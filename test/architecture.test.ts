// Holds the import table of the architecture: which room may import which, that nothing imports in a circle, and what may
// touch node: or a package. A room is a folder, or a file that stands alone at a folder's door.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { circlesIn, groupArrows, readImportGraph } from './import-graph.ts';

const src = fileURLToPath(new URL('../../src/', import.meta.url));
const { files, inside, outside } = readImportGraph(src);

/**
 * What each room may import besides itself; a name stands for everything below it that is no room of its own. The
 * longest name that fits a file is its room. Nothing stands here that is not needed.
 */
const rooms: Record<string, string[]> = {
  protocol: [],
  swarm: ['protocol'],
  tracker: ['protocol', 'swarm'],
  net: [],
  'net/node-handles.ts': [],
  'net/xdp': ['net'],
  'transport/answer-stats.ts': ['protocol'],
  'transport/client-address.ts': ['protocol'],
  'transport/fair-places.ts': [],
  'transport/idle-connections.ts': [],
  'transport/self-question.ts': ['protocol'],
  'transport/transport-counts.ts': ['transport/answer-stats.ts'],
  'transport/description.ts': ['protocol', 'transport/transport-counts.ts'],
  'transport/http': [
    'net/node-handles.ts',
    'protocol',
    'tracker',
    'transport/answer-stats.ts',
    'transport/client-address.ts',
    'transport/fair-places.ts',
    'transport/idle-connections.ts',
    'transport/self-question.ts',
    'transport/transport-counts.ts',
  ],
  'transport/udp': [
    'net',
    'net/xdp',
    'protocol',
    'tracker',
    'transport/answer-stats.ts',
    'transport/self-question.ts',
    'transport/transport-counts.ts',
    'transport/udp/xdp-counts.ts',
  ],
  'transport/http-epoll': [
    'net',
    'protocol',
    'tracker',
    'transport/answer-stats.ts',
    'transport/client-address.ts',
    'transport/http',
    'transport/webtorrent',
  ],
  'transport/webtorrent': [
    'protocol',
    'tracker',
    'transport/answer-stats.ts',
    'transport/client-address.ts',
    'transport/http',
    'transport/transport-counts.ts',
  ],
  'transport/webtorrent/description.ts': ['transport/description.ts'],
  'transport/http/description.ts': ['transport/description.ts'],
  'transport/udp/description.ts': ['transport/description.ts', 'transport/udp/xdp-counts.ts'],
  'transport/udp/xdp-counts.ts': [],
  'transport/transports.ts': [
    'transport/description.ts',
    'transport/http/description.ts',
    'transport/udp/description.ts',
    'transport/webtorrent/description.ts',
  ],
  'admin/shown-address.ts': ['protocol'],
  'admin/schema.ts': ['transport/transports.ts'],
  'admin/observed-tracker.ts': ['protocol', 'transport/transport-counts.ts', 'transport/transports.ts'],
  'admin/measures': [
    'admin/observed-tracker.ts',
    'admin/schema.ts',
    'protocol',
    'transport/transport-counts.ts',
    'transport/transports.ts',
  ],
  'admin/page': ['admin/schema.ts'],
  'admin/command': ['admin/page', 'admin/schema.ts', 'transport/transports.ts'],
  'admin/door': [
    'admin/measures',
    'admin/observed-tracker.ts',
    'admin/schema.ts',
    'admin/shown-address.ts',
    'protocol',
    'transport/fair-places.ts',
    'transport/idle-connections.ts',
    'transport/transports.ts',
  ],
  cli: [],
  'query/terminal': ['cli'],
  'query/network': ['cli', 'protocol'],
  'query/asking': ['protocol', 'query/network', 'query/terminal'],
  'query/command': ['cli', 'protocol', 'query/asking', 'query/network', 'query/terminal'],
  'query/report': ['query/asking', 'query/terminal'],
  'query/doctor': [
    'cli',
    'protocol',
    'query/asking',
    'query/command',
    'query/network',
    'query/report',
    'query/terminal',
  ],
  'query/batch': ['cli', 'query/asking', 'query/command', 'query/network', 'query/report', 'query/terminal'],
  'query/watch': ['query/asking', 'query/command', 'query/report', 'query/terminal'],
  'query/single.ts': ['query/asking', 'query/command', 'query/network', 'query/report', 'query/terminal'],
  'query/run.ts': [
    'cli',
    'query/batch',
    'query/command',
    'query/doctor',
    'query/network',
    'query/single.ts',
    'query/terminal',
    'query/watch',
  ],
  'query/main.ts': ['cli', 'query/network', 'query/run.ts'],
  'server/clock.ts': [],
  'server/version.ts': [],
  'server/start-error.ts': [],
  'server/log': ['cli'],
  'server/options': [
    'admin/observed-tracker.ts',
    'admin/shown-address.ts',
    'cli',
    'protocol',
    'server/version.ts',
    'tracker',
    'transport/description.ts',
    'transport/transports.ts',
  ],
  'server/storage': [
    'cli',
    'server/clock.ts',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'swarm',
    'transport/http',
  ],
  'server/certificates': [
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'transport/http',
  ],
  'server/lists': [
    'cli',
    'protocol',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'tracker',
  ],
  'server/create-tracker.ts': ['server/lists', 'server/options', 'swarm', 'tracker'],
  'server/core.ts': [
    'server/certificates',
    'server/create-tracker.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/storage',
    'transport/http',
  ],
  'server/listening': [
    'admin/shown-address.ts',
    'cli',
    'net',
    'net/xdp',
    'protocol',
    'server/certificates',
    'server/clock.ts',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'swarm',
    'tracker',
    'transport/client-address.ts',
    'transport/http',
    'transport/http-epoll',
    'transport/self-question.ts',
    'transport/transport-counts.ts',
    'transport/transports.ts',
    'transport/udp',
    'transport/udp/xdp-counts.ts',
    'transport/webtorrent',
  ],
  'server/operators': [
    'admin/command',
    'admin/door',
    'admin/observed-tracker.ts',
    'admin/schema.ts',
    'cli',
    'net',
    'protocol',
    'server/certificates',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'server/version.ts',
    'swarm',
    'transport/answer-stats.ts',
    'transport/transports.ts',
  ],
  'server/takeover': [
    'net',
    'net/node-handles.ts',
    'server/listening',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'swarm',
  ],
  'server/upkeep': [
    'protocol',
    'server/certificates',
    'server/clock.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/storage',
    'swarm',
    'tracker',
    'transport/client-address.ts',
  ],
  'server/check': [
    'cli',
    'net',
    'net/xdp',
    'server/certificates',
    'server/listening',
    'server/lists',
    'server/log',
    'server/operators',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'server/takeover',
  ],
  'server/running-tracker.ts': [
    'admin/observed-tracker.ts',
    'server/core.ts',
    'server/listening',
    'server/operators',
    'server/takeover',
    'server/upkeep',
  ],
  'server/tracker-server.ts': [
    'server/core.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/running-tracker.ts',
    'server/start-error.ts',
    'server/takeover',
  ],
  'server/life': [
    'server/check',
    'server/listening',
    'server/log',
    'server/operators',
    'server/options',
    'server/running-tracker.ts',
    'server/takeover',
    'server/tracker-server.ts',
    'server/version.ts',
  ],
  'server/program.ts': [
    'cli',
    'server/check',
    'server/life',
    'server/operators',
    'server/options',
    'server/start-error.ts',
  ],
  'server/main.ts': ['cli', 'server/life', 'server/program.ts'],
  import: ['cli', 'protocol', 'server/options', 'server/version.ts'],
  'caracal-program.ts': ['cli', 'import', 'query/command', 'server/operators', 'server/options'],
  'main.ts': ['caracal-program.ts', 'cli', 'import', 'query/main.ts', 'server/main.ts'],
};

/** Folders that touch no `node:` module and no package. */
const pure = ['protocol', 'swarm', 'tracker'];

const isBelow = (file: string, name: string) => file === name || file.startsWith(`${name}/`);

function roomOf(file: string): string | undefined {
  const fitting = Object.keys(rooms).filter((name) => isBelow(file, name));
  return fitting.sort((a, b) => b.length - a.length)[0];
}

test('every file of src stands in a room', () => {
  assert.deepEqual(
    files.filter((file) => roomOf(file) === undefined),
    [],
  );
});

for (const [room, allowed] of Object.entries(rooms)) {
  test(`src/${room} imports what it may, and may import nothing else`, () => {
    const wanted = new Set<string>();
    for (const file of files.filter((file) => roomOf(file) === room)) {
      for (const target of inside.get(file)!) {
        const other = roomOf(target)!;
        if (other === room) continue;
        assert.ok(allowed.includes(other), `${file} imports ${target}; ${room} may not import ${other}`);
        wanted.add(other);
      }
      if (!pure.includes(room.split('/')[0])) continue;
      assert.deepEqual(outside.get(file), [], `${file}: ${room} may import no package and no node: module`);
    }
    assert.deepEqual([...allowed].sort(), [...wanted].sort(), 'what is allowed and not needed is taken out');
  });
}

test('no file imports itself by a detour, not even for a type', () => {
  assert.deepEqual(circlesIn(inside), []);
});

test('no room imports itself by a detour', () => {
  assert.deepEqual(circlesIn(groupArrows(inside, (file) => roomOf(file)!)), []);
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
