// The packed library as a program of somebody else's sees it: its types under each way of finding modules, and what is loaded.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../temporary-directory.ts';
import { stagePackage } from './staged-package.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const directory = temporaryDirectory('consumer');
const installed = join(directory, 'node_modules', 'caracal');

const good = `
import { createServer } from 'node:http';
import { createTracker, Failure, type AnnounceEvent, type AnnounceFilter, type Tracker, type TrackerOptions } from 'caracal';
import { createClient, TrackerError, type AnnounceAnswer } from 'caracal/client';
import { decodeBencode, encodeBencode, Event, parsePeer } from 'caracal/protocol';

const filter: AnnounceFilter = async ({ infoHash, peer }) => infoHash.startsWith('00') || (peer?.seeder ?? false) || 'no';
const options: TrackerOptions = { udp: 0, http: [8080, 0], https: false, webtorrent: true, memoryLimit: '64MiB', workers: 0, dataDir: '/tmp/x', filter };
const tracker: Tracker = createTracker(options);
tracker.on('start', (event) => { const told: AnnounceEvent = event; const port: number = told.port; void port; });
tracker.once('listening', (addresses) => { const [{ port, protocol }] = addresses; const word: string = protocol; void word; void port; });
tracker.off('close', () => {});
createServer((request, response) => { const taken: boolean = tracker.handleHttp(request, response, { ip: '192.0.2.1', action: 'announce' }); void taken; })
  .on('upgrade', (request, socket, head) => { tracker.handleUpgrade(request, socket, head); });
export async function use(): Promise<AnnounceAnswer> {
  await using closing: AsyncDisposable = tracker;
  void closing;
  const client = createClient('udp://127.0.0.1:1/announce', { families: [4] });
  try { return (await client.announce({ infoHash: new Uint8Array(20), event: 'started' })).answer; }
  catch (error) { if (error instanceof TrackerError && error.permanent) throw new Failure('x', 'other'); throw error; }
}
const swarm = tracker.swarm('00'); const first: string | undefined = swarm?.peers[0]?.ip; void first;
const value = decodeBencode(encodeBencode({ a: 1n })).value; void value; void Event.started; void parsePeer('1.2.3.4:5');
`;

/** Each line is wrong. */
const bad = [
  `createTracker({ udp: 'x' });`,
  `createTracker({ htp: 1 });`,
  `createTracker({ filter: () => 5 });`,
  `createTracker().on('begin', () => {});`,
  `createTracker().on('start', (event: number) => {});`,
  `createTracker().announce({ infoHash: 'x' });`,
  `createClient(5);`,
  `import { SwarmStore } from 'caracal/dist/src/swarm/swarm-store.js'; void SwarmStore;`,
];

const ways = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
];

function compile(name: string, options: object): string {
  const project = join(directory, `${name}.json`);
  const compilerOptions = {
    ...options,
    ...{
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      noEmit: true,
      types: ['node'],
    },
    ...{ exactOptionalPropertyTypes: true, skipLibCheck: false },
  };
  writeFileSync(project, JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return spawnSync(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { encoding: 'utf8' }).stdout;
}

describe('a program that installs the package', () => {
  before(() => {
    const packed = ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory];
    const tarball = execFileSync('npm', packed, { cwd: stagePackage(directory), encoding: 'utf8' }).trim();
    execFileSync('tar', ['-xzf', join(directory, tarball), '-C', directory]);
    mkdirSync(join(directory, 'node_modules', '@types'), { recursive: true });
    renameSync(join(directory, 'package'), installed);
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    for (const name of ['@types/node', 'undici-types'])
      symlinkSync(join(root, 'node_modules', name), join(directory, 'node_modules', name));
  });

  for (const way of ways) {
    test(`has its types with moduleResolution ${way.moduleResolution}`, () => {
      writeFileSync(join(directory, 'good.ts'), good);
      assert.equal(compile('good', way), '');
    });
  }

  test('is told of what is wrong, line by line, and has no way to what is inside', () => {
    const imports = `import { createTracker } from 'caracal';\nimport { createClient } from 'caracal/client';\n`;
    writeFileSync(join(directory, 'bad.ts'), imports + bad.join('\n'));
    const found = [...compile('bad', ways[0]).matchAll(/\bbad\.ts\((\d+),/g)].map(([, line]) => Number(line));
    assert.deepEqual(
      [...new Set(found)],
      bad.map((_, index) => index + 3),
    );
  });

  test('loads nothing but the codecs with caracal/protocol, and no package with caracal/client', () => {
    // None of the packages that the tracker needs is there, koffi neither.
    for (const name of ['protocol', 'client']) {
      const program = `const all = await import('caracal/${name}'); if (Object.keys(all).length < 2) process.exit(3);`;
      const words = ['--input-type=module', '--eval', program];
      const { status, stderr } = spawnSync(process.execPath, words, { cwd: directory, encoding: 'utf8' });
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    }
  });
});
