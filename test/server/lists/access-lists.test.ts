// The lists as files: read whole or not at all, taken up when they change, and never half of one.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseCidr } from '../../../src/protocol/cidr.ts';
import { AccessLists } from '../../../src/server/lists/access-lists.ts';
import { readAddressList, readInfoHashList } from '../../../src/server/lists/list-file.ts';
import { listedFilesOf, readUnchanged, stampsOf } from '../../../src/server/lists/listed-files.ts';
import type { Log } from '../../../src/server/log/log.ts';
import { defaultConfiguration } from '../../../src/server/options/configuration.ts';
import { Access, type AccessMemory } from '../../../src/tracker/access.ts';

const directory = mkdtempSync(join(tmpdir(), 'lists-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;

function fileOf(text: string): string {
  const path = join(directory, `list-${files++}`);
  writeFileSync(path, text);
  return path;
}

const key = Int32Array.of(1, 2);
const hex = (n: number) => n.toString(16).padStart(40, '0');
const wordsOf = (n: number) => new Int32Array(Uint8Array.from(Buffer.from(hex(n), 'hex')).buffer);

function recordingLog() {
  const lines: string[] = [];
  const note = (line: string) => lines.push(line);
  return { lines, log: { info: note, warn: note, error: note, verbose: false } as unknown as Log };
}

async function open(changes: object, checkEveryMs = 5) {
  const { lines, log } = recordingLog();
  const lists = await AccessLists.load(defaultConfiguration(changes), log, checkEveryMs);
  let memory: AccessMemory = lists!.memory;
  lists!.follow(
    (next) => {
      memory = next;
    },
    async () => undefined,
  );
  return {
    lists: lists!,
    lines,
    allows: (n: number) => new Access(memory).allowsTorrent(wordsOf(n), 0),
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i === 400) assert.fail(`not within 4 s: ${what}`);
    await pause(10);
  }
}

test('a file of info_hashes is read with comments, blank lines, capitals, v2 hashes and any line ends', async () => {
  const path = fileOf(
    `# ours\r\n${hex(1)}\n\n  ${hex(2)}  # the second\n${hex(0xabcdef).toUpperCase()}\r\n${hex(4)}${'f'.repeat(24)}\n${hex(1)}\n${hex(5)}`,
  );
  const list = await readInfoHashList(path, key);
  assert.equal(list.count, 5);
  for (const n of [1, 2, 0xabcdef, 4, 5]) assert.ok(list.has(wordsOf(n), 0), String(n));
  assert.ok(!list.has(wordsOf(3), 0));
});

/** What `read` gives, and the longest that this thread could do nothing else meanwhile, in milliseconds. */
async function timed<T>(read: () => Promise<T>): Promise<[T, number]> {
  let longest = 0;
  let last = performance.now();
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  const value = await read();
  look();
  clearInterval(timer);
  return [value, longest];
}

test('a quarter of a million lines are read while timers go on', async () => {
  const count = 250_000;
  const hashes = fileOf(`${Array.from({ length: count }, (_, n) => hex(n * 3)).join('\n')}\n`);
  const [list, hashesMs] = await timed(() => readInfoHashList(hashes, key));
  assert.equal(list.count, count);
  assert.ok(list.has(wordsOf(3 * (count - 1)), 0));
  const last = (n: number) => `${(n * 7) & 255}.${(n >> 8) & 255}.${(n >> 16) & 255}.${n & 255}`;
  const networks = fileOf(Array.from({ length: count }, (_, n) => last(n)).join('\n'));
  const [, networksMs] = await timed(() => readAddressList([networks]));
  // Slices take about a millisecond; the rest is a busy machine.
  assert.ok(hashesMs < 250, `the thread was held up for ${hashesMs} ms`);
  assert.ok(networksMs < 250, `the thread was held up for ${networksMs} ms`);
});

for (const [what, line] of [
  ['a digit too few', hex(1).slice(1)],
  ['no hexadecimal digit', `g${hex(1).slice(1)}`],
  ['two on a line', `${hex(1)} ${hex(2)}`],
] as const) {
  test(`a line with ${what} is named with its number`, async () => {
    const path = fileOf(`${hex(1)}\n# comment\n${line}\n`);
    await assert.rejects(readInfoHashList(path, key), {
      message: new RegExp(`^${path}:3: '.*' is not an info_hash`),
    });
  });
}

test('a file without line ends is not collected whole', async () => {
  const path = fileOf(`${hex(1)}\n${'a'.repeat(200_000)}`);
  await assert.rejects(readInfoHashList(path, key), { message: /:2: the line is too long/ });
});

test('networks come from the option and from files of them', async () => {
  const path = fileOf('# bad\n192.0.2.0/24\n2001:db8::/32 # documentation\n');
  const list = await readAddressList(['198.51.100.7', path]);
  assert.equal(list.count, 3);
  await assert.rejects(readAddressList([fileOf('192.0.2.0/33\n')]), {
    message: /:1: '192.0.2.0\/33' is neither/,
  });
});

test('a list that cannot be read ends the start, and says which and where', async () => {
  const { log } = recordingLog();
  const load = (changes: object) => AccessLists.load(defaultConfiguration(changes), log);
  await assert.rejects(load({ denyList: fileOf('nonsense\n') }), {
    message: /^--deny-list .*:1: 'nonsense'/,
  });
  await assert.rejects(load({ allowList: join(directory, 'nowhere') }), {
    message: /^--allow-list cannot be read/,
  });
  assert.equal((await load({})).isEmpty, true);
});

test('a changed list is taken up by itself, also when another file takes its place', async () => {
  const path = fileOf(`${hex(1)}\n`);
  const link = join(directory, 'link');
  symlinkSync(path, link);
  const { lists, allows } = await open({ allowList: link });
  assert.deepEqual([allows(1), allows(2)], [true, false]);
  writeFileSync(path, `${hex(2)}\n`);
  await until(() => allows(2), 'the new contents');
  assert.equal(allows(1), false);
  const other = fileOf(`${hex(3)}\n`);
  symlinkSync(other, `${link}.new`);
  renameSync(`${link}.new`, link);
  await until(() => allows(3), 'the other file');
  lists.close();
});

test('a bad list leaves the old one in use, names the line once, and is followed by a good one', async () => {
  const path = fileOf(`${hex(1)}\n`);
  const { lists, lines, allows } = await open({ denyList: path }, 1_000_000);
  writeFileSync(path, `${hex(2)}\nrubbish\n`);
  await lists.reload();
  assert.deepEqual([allows(1), allows(2)], [false, true]);
  await lists.reload();
  const complaints = lines.filter((line) => line.includes('rubbish'));
  assert.equal(complaints.length, 1);
  assert.match(
    complaints[0],
    /^--deny-list .*:2: 'rubbish' is not an info_hash.*; the old list stays in use$/,
  );
  rmSync(path);
  await lists.reload();
  assert.equal(allows(1), false);
  writeFileSync(path, `${hex(2)}\n`);
  await lists.reload();
  assert.deepEqual([allows(1), allows(2)], [true, false]);
  lists.close();
});

test('a list that is still being written is left alone until it holds still', async () => {
  const path = fileOf(`${hex(1)}\n`);
  const { lists, lines, allows } = await open({ allowList: path }, 40);
  for (let n = 2; n < 60; n++) {
    writeFileSync(path, Array.from({ length: n }, (_, i) => `${hex(i + 1)}\n`).join(''));
    await pause(10);
  }
  await until(() => allows(59), 'the whole list');
  const takenUp = lines.filter((line) => line.includes('in use')).length;
  assert.ok(takenUp < 20, `taken up ${takenUp} times`);
  lists.close();
});

/** One list of which the file is written anew, whenever it has been read, with the next of `texts`. */
function writtenWhileRead(...texts: string[]) {
  const path = fileOf(`${hex(1)}\n`);
  const [list] = listedFilesOf({ ...defaultConfiguration({}), allowList: path });
  const left = [...texts];
  const read = async () => {
    const reading = list.read();
    const settled = await Promise.allSettled([reading]);
    const next = left.shift();
    if (next !== undefined) writeFileSync(path, next);
    if (settled[0].status === 'rejected') throw settled[0].reason;
    return reading;
  };
  return { list: { ...list, read }, left };
}

const counted = (lines: number) => Array.from({ length: lines }, (_, n) => `${hex(n)}\n`).join('');

test('a list that is written while it is read is read again, whether it could be read or not', async () => {
  for (const half of [counted(2), `${counted(2)}${hex(3).slice(20)}`]) {
    const { list, left } = writtenWhileRead(half, counted(4));
    const { read, stamp } = await readUnchanged(list);
    assert.deepEqual([read.count, left.length], [4, 0]);
    assert.equal(stamp, await stampsOf(list));
  }
});

test('a list that never holds still is taken as it was read the third time, with the stamp of then', async () => {
  const { list, left } = writtenWhileRead(...[2, 3, 4, 5].map(counted));
  const { read, stamp } = await readUnchanged(list);
  assert.deepEqual([read.count, left.length], [3, 1]);
  assert.notEqual(stamp, await stampsOf(list), 'the next check finds it changed');
  const broken = writtenWhileRead('rubbish\n', 'rubbish 2\n', 'rubbish 33\n');
  await assert.rejects(readUnchanged(broken.list), /'rubbish 2' is not an info_hash/);
});

test('many reloads at once see the last contents', async () => {
  const path = fileOf(`${hex(1)}\n`);
  const { lists, allows } = await open({ denyList: path }, 1_000_000);
  const all: Promise<unknown>[] = [];
  for (let n = 2; n < 30; n++) {
    writeFileSync(path, `${hex(n)}\n`);
    all.push(lists.reload());
  }
  await Promise.all(all);
  assert.equal(allows(29), false);
  assert.equal(allows(28), true);
  lists.close();
});

test('a torrent denied by the operator stands in the list', async () => {
  const path = fileOf(hex(1));
  const { lists, allows } = await open({ denyList: path }, 1_000_000);
  await lists.deny(hex(7));
  assert.deepEqual([allows(1), allows(7)], [false, false]);
  assert.equal((await readInfoHashList(path, key)).count, 2);
  const written = readFileSync(path, 'utf8');
  await lists.deny(hex(7));
  assert.equal(readFileSync(path, 'utf8'), written, 'denied already');
  await lists.undeny(hex(7));
  await lists.undeny(hex(7));
  assert.deepEqual([allows(1), allows(7)], [false, true]);
  lists.close();
  const without = await open({ denyClient: ['-XL'] });
  assert.equal(without.lists.canDeny, false);
  await assert.rejects(without.lists.deny(hex(7)), { message: /no --deny-list/ });
});

test('a torrent is not said to be denied, or not any more, when the list has a bad line; and nothing is written', async () => {
  const path = fileOf(hex(1));
  const { lists, allows } = await open({ denyList: path }, 1_000_000);
  const broken = `${hex(1)}\nrubbish\n`;
  writeFileSync(path, broken);
  for (const act of [() => lists.deny(hex(7)), () => lists.undeny(hex(1))]) {
    await assert.rejects(act(), { message: /:2: 'rubbish' is not an info_hash.*; nothing was changed$/ });
    assert.equal(readFileSync(path, 'utf8'), broken);
  }
  const { infoHashes } = await lists.denied(10);
  assert.deepEqual(infoHashes, { count: 1, shown: [hex(1)] }, 'a line that is none is not shown as one');
  assert.deepEqual([allows(1), allows(7), lists.faults.length], [false, true, 1]);
  writeFileSync(path, `# by hand\n${hex(1)} # why\n${hex(2)}\n`);
  await lists.undeny(hex(1));
  assert.equal(readFileSync(path, 'utf8'), `# by hand\n${hex(2)}\n`);
  assert.deepEqual([allows(1), allows(2), lists.faults], [true, false, []]);
  lists.close();
});

test('an action answers once the last thread goes by the new list, or with which thread does not', async () => {
  const path = fileOf('');
  const networks = fileOf('');
  const { lines, log } = recordingLog();
  const lists = (await AccessLists.load(
    defaultConfiguration({ denyList: path, denyIp: [networks] }),
    log,
    3_600_000,
  ))!;
  after(() => lists.close());
  let say: ((late: string | undefined) => void) | undefined;
  lists.follow(
    () => {},
    () =>
      new Promise((resolve) => {
        say = resolve;
      }),
  );
  const network = parseCidr('192.0.2.0/24')!;
  const late = 'socket worker 1 may answer as before';
  const actions: [string, () => Promise<unknown>][] = [
    ['deny', () => lists.deny(hex(1))],
    ['deny again', () => lists.deny(hex(1))],
    ['undeny', () => lists.undeny(hex(1))],
    ['undeny again', () => lists.undeny(hex(1))],
    ['deny a network', () => lists.denyNetwork(network)],
    ['undeny a network', () => lists.undenyNetwork(network)],
  ];
  for (const [name, act] of actions) {
    for (const word of [late, undefined]) {
      let over = false;
      const done = act().finally(() => {
        over = true;
      });
      done.catch(() => {});
      await until(() => say !== undefined, `${name} asks the threads`);
      await pause(5);
      assert.equal(over, false, `${name} has not waited`);
      say!(word);
      say = undefined;
      if (word === undefined) await done;
      else await assert.rejects(done, new RegExp(`says so now, but ${late}$`), name);
    }
  }
  const reload = lists.reload();
  await until(() => say !== undefined, 'a reload asks the threads');
  say!(late);
  assert.equal(await reload, late);
  assert.equal(lines.at(-1), late);
});
