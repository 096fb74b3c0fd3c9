// The published package: what is in it, that it installs without a word of warning, and that its programs run from the tarball
// as a user gets it.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startProgram } from '../program.ts';
import { stagePackage } from './staged-package.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'caracal-package-'));
after(() => rmSync(directory, { recursive: true }));

/** Unpacked, without the packages that it needs; a user on a small server downloads a quarter of it. */
const mostBytes = 6_000_000;

interface Manifest {
  name: string;
  version: string;
  bin: Record<string, string>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

function run(command: string, words: string[], cwd = directory): string {
  return execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the package', () => {
  const [packed] = JSON.parse(
    run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', directory],
      stagePackage(directory),
    ),
  ) as [{ filename: string; unpackedSize: number; files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);

  test('holds the programs, the units and the documents, and nothing that only builds or tests', () => {
    for (const path of [
      'dist/src/main.js',
      'dist/src/server/main.js',
      'dist/src/query/main.js',
      'dist/types/library/index.d.ts',
      'docs/library.md',
      'examples/express.mjs',
      'dist/src/server/listening/socket-worker.js',
      'deploy/install.sh',
      'deploy/tracker.service',
      'docs/tracker.example.toml',
      'LICENSE',
      'npm-shrinkwrap.json',
    ]) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
    const strays = paths.filter((path) =>
      /^(dist\/(test|bench)|src|test|bench|scripts|node_modules)\//.test(path),
    );
    assert.deepEqual(strays, []);
  });

  test('is small', (test) => {
    test.diagnostic(`${packed.unpackedSize} bytes of at most ${mostBytes}`);
    assert.ok(packed.unpackedSize <= mostBytes, `${packed.unpackedSize} bytes`);
  });

  test('has a command named as itself, which npx looks for', () => {
    assert.equal(manifest.bin[manifest.name], 'dist/src/main.js');
  });

  test('installs for everybody without a warning, with the packages of the lock file, and runs', async (test) => {
    const prefix = join(directory, 'prefix');
    const registry = await publish(join(directory, packed.filename));
    test.after(() => registry.close());
    const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const cache = join(directory, 'cache');
    const fromFile = join(directory, 'from-file');
    const npm = (words: string[]) => promisify(execFile)('npm', words, { cwd: directory });
    const words = [
      'install',
      '--global',
      '--prefix',
      prefix,
      '--registry',
      address,
      '--cache',
      cache,
      manifest.name,
    ];
    // By name it comes with its shrinkwrap; of a file that is named npm does not read it.
    const results = await Promise.all([
      npm(words),
      npm(['install', '--global', '--prefix', fromFile, join(directory, packed.filename)]),
    ]);
    for (const { stdout, stderr } of results) assert.doesNotMatch(stdout + stderr, /warn|deprecated/i);
    assert.equal(run(join(fromFile, 'bin', 'caracal'), ['--version']), `caracal ${manifest.version}\n`);
    assertLocked(join(prefix, 'lib', 'node_modules', manifest.name));

    const bin = join(prefix, 'bin');
    const { version } = manifest;
    assert.equal(run(join(bin, 'caracal'), ['--version']), `caracal ${version}\n`);
    assert.equal(run(join(bin, 'tracker-server'), ['--version']), `tracker-server ${version}\n`);
    assert.match(run(join(bin, 'tracker-query'), ['--help']), /--tracker/);
    const listening = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any'];
    const program = startProgram(join(bin, 'caracal'), listening, { cwd: directory });
    test.after(() => program.kill());
    await program.printed(/Tracker running/, 30_000);
    const [, port] = await program.printed(/HTTP tracker listening on 127\.0\.0\.1:(\d+)/);
    for (const [command, ...first] of [['caracal', 'query'], ['tracker-query']]) {
      const asked = run(join(bin, command), [
        ...first,
        '-t',
        `http://127.0.0.1:${port}/announce`,
        '-o',
        'json',
      ]);
      assert.equal((JSON.parse(asked) as { interval: number }).interval, 1800);
    }
    program.signal('SIGTERM');
    assert.equal((await program.exit(15_000)).code, 0);
  });
});

/**
 * A registry that has this package, and leads to the usual one for every other: of a file npm does not read the shrinkwrap.
 */
async function publish(tarball: string) {
  const bytes = readFileSync(tarball);
  const usual = run('npm', ['config', 'get', 'registry']).trim().replace(/\/$/, '');
  const server = createServer((request, response) => {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (request.url === `/${manifest.name}`) {
      const { version } = manifest;
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      const dist = { tarball: `${address}/-/package.tgz`, integrity };
      const versions = { [version]: { ...manifest, _hasShrinkwrap: true, dist } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name: manifest.name, 'dist-tags': { latest: version }, versions }));
    } else if (request.url === '/-/package.tgz') response.end(bytes);
    else response.writeHead(307, { location: `${usual}${request.url}` }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Nothing but what the lock file names, in its versions, and nothing that only builds or tests. */
function assertLocked(installed: string): void {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; dev?: boolean }>;
  };
  const found = readdirSync(join(installed, 'node_modules'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(installed, 'node_modules', name)).map((each) => `${name}/${each}`)
        : name,
    )
    .filter((name) => !name.startsWith('.'));
  assert.ok(found.length > 20, found.join());
  for (const name of found) {
    const locked = packages[`node_modules/${name}`];
    assert.ok(locked !== undefined && !locked.dev, name);
    const { version } = JSON.parse(
      readFileSync(join(installed, 'node_modules', name, 'package.json'), 'utf8'),
    ) as {
      version: string;
    };
    assert.equal(version, locked.version, name);
  }
}
