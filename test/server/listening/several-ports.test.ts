// Several ports and addresses: each of them answers, with threads and without, and all go over in a takeover.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAskHttp } from '../../../src/transport/http/ask-self.ts';
import { askUdp } from '../../../src/transport/udp/ask-self.ts';
import { TestAuthority } from '../../certificates.ts';
import { fastPath } from '../../net/fast-path.ts';
import { type Program, startProgram } from '../../program.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import { mainScript } from '../../tracker-program.ts';

interface Found {
  protocol: string;
  address: string;
  port: number;
}

async function start(t: TestContext, words: readonly string[]): Promise<{ program: Program; all: Found[] }> {
  const program = startProgram(process.execPath, [mainScript, '--memory-limit', '16MiB', ...words]);
  t.after(() => program.kill());
  await program.printed(/Tracker running/, 30_000);
  const all = [...program.stdout.matchAll(/(\w+) tracker listening on (\S+):(\d+)/g)].map(
    ([, protocol, address, port]) => ({ protocol, address, port: Number(port) }),
  );
  return { program, all };
}

/** An announce to each. */
async function everyOneAnswers(all: readonly Found[]): Promise<void> {
  for (const { protocol, address, port } of all) {
    const ask = protocol === 'UDP' ? askUdp : createAskHttp(protocol === 'HTTPS', () => false);
    const signal = AbortSignal.timeout(5000);
    assert.equal(
      await ask({ family: 4, address, port }, signal),
      'announced',
      `${protocol} ${address} ${port}`,
    );
  }
}

const words = [
  '--host',
  '127.0.0.1',
  '--host',
  '127.0.0.2',
  '--http-port',
  'any,any',
  '--udp-port',
  'any,any',
];

for (const workers of ['0', '2']) {
  test(`two ports on two addresses of each protocol answer (--workers ${workers})`, {
    skip: workers === '0' ? false : fastPath.skip,
  }, async (t) => {
    const authority = new TestAuthority();
    t.after(() => authority.close());
    const { chain, key } = authority.issue({ names: ['IP:127.0.0.1', 'IP:127.0.0.2'] });
    const files = ['cert', 'key'].map((name) => join(authority.directory, `served.${name}`));
    for (const [at, text] of [chain, key].entries()) writeFileSync(files[at], text);
    const https = ['--https-port', 'any,any', '--cert', files[0], '--key', files[1]];
    const threads = ['--workers', workers, '--stream-workers', workers];
    const { all } = await start(t, [...words, ...https, ...threads]);
    const places = all.map(({ protocol, address }) => `${protocol} ${address}`).sort();
    const expected = ['HTTP', 'HTTPS', 'UDP'].flatMap((protocol) =>
      ['127.0.0.1', '127.0.0.2'].flatMap((address) => Array(2).fill(`${protocol} ${address}`)),
    );
    assert.deepEqual(places, expected);
    assert.equal(
      new Set(all.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`)).size,
      12,
    );
    await everyOneAnswers(all);
  });
}

test('all of them go over in a takeover, named and any', fastPath, async (t) => {
  const data = ['--data-dir', temporaryDirectory('several-ports'), '--workers', '2'];
  const old = await start(t, [...words, ...data]);
  const udp = old.all.find(({ protocol }) => protocol === 'UDP')!.port;
  // A named port stands behind one that the system may choose, and still gets its own socket.
  const hosts = ['--host', '127.0.0.1,127.0.0.2', '--http-port', 'any,any', '--udp-port', `any,${udp}`];
  const next = await start(t, [...hosts, ...data, '--takeover']);
  const named = ({ protocol, address, port }: Found) => `${protocol} ${address} ${port}`;
  const before = old.all.map(named);
  const after = next.all.map(named);
  assert.equal(after.filter((place) => before.includes(place)).length >= 7, true, `${before} | ${after}`);
  await everyOneAnswers(next.all);
  assert.equal((await old.program.exit()).code, 0);
});
