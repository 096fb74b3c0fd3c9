// `--check` exits 0 exactly when the start succeeds: combinations of good and bad settings on a prepared machine, each
// both checked and started.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestAuthority } from '../../certificates.ts';
import { startProgram } from '../../program.ts';
import { mainScript, startTracker } from '../../tracker-program.ts';

/** More of them with CHECK_COMBINATIONS=200. */
const combinations = Number(process.env.CHECK_COMBINATIONS ?? 12);

/** Numbers below 1 that are the same for a seed on every machine (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('--check', () => {
  test('exits 0 exactly when the start succeeds', async (test) => {
    const directory = mkdtempSync(join(tmpdir(), 'caracal-check-'));
    const authority = new TestAuthority();
    const tcp = createServer().listen(0, '127.0.0.1');
    const udp = createSocket('udp4').bind(0, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    const runningDirectory = join(directory, 'running');
    const { program: running } = await startTracker(['--data-dir', runningDirectory]);
    test.after(async () => {
      await running.kill();
      tcp.close();
      udp.close();
      authority.close();
      rmSync(directory, { recursive: true });
    });
    const file = (name: string, text: string) => {
      writeFileSync(join(directory, name), text, { mode: 0o600 });
      return join(directory, name);
    };
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const shared = String((free.address() as AddressInfo).port);
    free.close();
    const takenTcp = String((tcp.address() as AddressInfo).port);
    const takenUdp = String(udp.address().port);
    const good = authority.issue({ names: ['tracker.test'], days: 80 });
    const other = authority.issue({ names: ['tracker.test'], days: 80 });
    const [cert, key, otherKey] = [file('cert', good.chain), file('key', good.key), file('other', other.key)];
    const broken = file('broken', 'no certificate');
    const hash = 'a'.repeat(40);
    let made = 0;
    /** A data directory of its own, prepared. */
    const data = (prepare: (path: string) => void = () => {}) => {
      const path = join(directory, `data-${++made}`);
      mkdirSync(path, { mode: 0o700 });
      prepare(path);
      return ['--data-dir', path];
    };
    const https = (...files: [string, string]) => [
      '--https-port',
      'any',
      '--cert',
      files[0],
      '--key',
      files[1],
    ];
    /** Of each row the first is good alone; the others are mostly not. */
    const rows: (() => string[])[][] = [
      [
        () => ['--http-port', 'any'],
        () => ['--http-port', shared],
        () => ['--http-port', takenTcp],
        () => ['--http-port', '0'],
      ],
      [() => ['--udp-port', 'any'], () => ['--udp-port', takenUdp], () => ['--udp-port', '0']],
      [
        () => [],
        () => https(cert, key),
        () => ['--https-port', shared, '--cert', cert, '--key', key],
        () => https(cert, otherKey),
        () => https(broken, key),
        () => https(join(directory, 'missing'), key),
        () => ['--https-port', 'any'],
        () => ['--redirect-http'],
        () => ['--domain', 'x:99999'],
      ],
      [
        () => [],
        () => ['--admin-port', 'any'],
        () => ['--admin-port', shared],
        () => ['--admin-port', takenTcp],
        () => ['--admin-token-file', broken],
        () => ['--admin-socket', join(directory, `${++made}.sock`)],
        () => ['--admin-socket', join(directory, 'missing', 'a.sock')],
        () => ['--admin-socket', broken],
        () => ['--admin-socket', join(runningDirectory, 'admin.sock')],
      ],
      [
        () => [],
        () => data(),
        () => ['--data-dir', runningDirectory],
        () => ['--data-dir', join(directory, 'missing', 'data')],
        () => ['--data-dir', broken],
        () => data((path) => chmodSync(path, 0o777)),
        () => data((path) => symlinkSync(key, join(path, 'connection-id.key'))),
        () => data((path) => mkdirSync(join(path, 'swarm-store.key'))),
        () => data((path) => writeFileSync(join(path, 'connection-id.key'), 'short')),
        () => [...data(), '--takeover'],
        () => ['--data-dir', join(directory, 'l'.repeat(150))],
      ],
      [
        () => [],
        () => ['--deny-list', file('list', `${hash}\n`)],
        () => ['--deny-list', file('bad-list', 'no hash\n')],
        () => ['--deny-list', join(directory, 'missing')],
        () => ['--min-interval', '1900'],
      ],
      [
        () => [],
        // Nobody is there, and the node answers alone.
        () => ['--cluster', 'redis://127.0.0.1:1'],
        () => ['--cluster', 'redis://127.0.0.1:1', '--cluster-secret-file', broken],
        () => ['--cluster', 'redis://127.0.0.1:99999'],
      ],
    ];
    const counts = { good: 0, bad: 0 };
    const seed = Number(process.env.CHECK_SEED ?? 1);
    const random = createRandom(seed);
    for (let round = 0; round < combinations; round++) {
      const words = rows.flatMap((row) => {
        const index = random() < 0.7 ? 0 : Math.floor(random() * row.length);
        return row[index]();
      });
      // Sockets are opened by other means for socket workers than for the main thread.
      const workers = round % 2 === 0 ? '0' : '2';
      const all = ['--host', '127.0.0.1', '--workers', workers, '--memory-limit', '16MiB', ...words];
      const checked = spawnSync(process.execPath, [mainScript, ...all, '--check'], { encoding: 'utf8' });
      const program = startProgram(process.execPath, [mainScript, ...all]);
      const started = await program.printed(/Tracker running/, 30_000).then(
        () => true,
        () => false,
      );
      await program.kill();
      const story = `${words.join(' ')}\n${checked.stdout}${checked.stderr}\n${program.stdout}${program.stderr}`;
      assert.equal(checked.status === 0, started, story);
      const lines = `${checked.stdout}${checked.stderr}`.trimEnd().split('\n');
      assert.match(lines.at(-1)!, started ? /^# It would start here/ : /^tracker-server: /, story);
      counts[started ? 'good' : 'bad']++;
    }
    test.diagnostic(`seed ${seed}: ${counts.good} start, ${counts.bad} do not`);
    assert.ok(counts.good > 0 && counts.bad > 0);
  });
});
