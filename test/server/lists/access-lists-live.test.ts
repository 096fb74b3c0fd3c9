// The lists in a running tracker: every thread and transport refuses what they refuse, and takes up new ones on SIGHUP.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pause, startProgram } from '../../program.ts';
import { mainScript, startTracker } from '../../tracker-program.ts';
import { UdpClient } from '../../transport/udp/udp-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-access-'));
after(() => rmSync(directory, { recursive: true }));

const hex = (n: number) => n.toString(16).padStart(40, '0');
const percent = (text: string) => text.replaceAll(/../g, '%$&');

async function overHttp(port: number, swarm: number): Promise<string> {
  const query = `info_hash=${percent(hex(swarm))}&peer_id=-TT0000-000000000000&port=6881&left=1`;
  const body = await (await fetch(`http://127.0.0.1:${port}/announce?${query}`)).text();
  return /^d14:failure reason\d+:(.*)e$/.exec(body)?.[1] ?? 'allowed';
}

/** What each of several sockets is told, which the kernel spreads over the workers. */
async function overUdp(port: number, swarm: number, sockets = 8): Promise<string> {
  const said = await Promise.all(
    Array.from({ length: sockets }, async (_, i) => {
      const client = await UdpClient.open('127.0.0.1', port);
      const question = {
        peerId: Buffer.from('-TT0000-000000000000'),
        port: 7000 + i,
        left: 1,
        event: 0,
        numwant: 0,
      };
      const infoHash = Buffer.from(hex(swarm), 'hex');
      const answer = await client.announce({ ...question, event: 0, infoHash }).then(
        () => 'allowed',
        ({ message }: Error) => message,
      );
      await client.close();
      return answer;
    }),
  );
  return [...new Set(said)].join(', ');
}

test('UDP workers and HTTP refuse what the lists refuse, and take up new lists on SIGHUP', async () => {
  const [allow, deny] = ['allow', 'deny'].map((name) => join(directory, name)) as [string, string];
  writeFileSync(allow, `${hex(1)}\n${hex(2)}\n`);
  writeFileSync(deny, `# nothing yet\n`);
  const tracker = await startTracker(['--workers', '2', '--allow-list', allow, '--deny-list', deny]);
  try {
    const expect = async (swarm: number, answer: string) => {
      assert.equal(await overHttp(tracker.httpPort, swarm), answer, `HTTP, swarm ${swarm}`);
      assert.equal(await overUdp(tracker.udpPort, swarm), answer, `UDP, swarm ${swarm}`);
    };
    await expect(1, 'allowed');
    await expect(3, 'unregistered torrent');
    writeFileSync(allow, `${hex(1)}\n${hex(3)}\n`);
    writeFileSync(deny, `${hex(1)}\n`);
    tracker.program.signal('SIGHUP');
    await tracker.program.printed(/--deny-list: 1 info_hash in use/);
    await expect(1, 'torrent not allowed');
    await expect(2, 'unregistered torrent');
    await expect(3, 'allowed');
    writeFileSync(allow, `${hex(1)}\nnot a hash\n`);
    tracker.program.signal('SIGHUP');
    await tracker.program.printed(/--allow-list .*allow:2: 'not a hash' is not an info_hash/);
    await expect(3, 'allowed');
  } finally {
    await tracker.program.kill();
  }
});

test('deny and undeny answer once they are in force on every thread, or with the reason', async () => {
  const deny = join(directory, 'operator');
  const data = join(directory, 'data');
  writeFileSync(deny, '');
  const tracker = await startTracker(['--workers', '2', '--deny-list', deny, '--data-dir', data]);
  const act = async (...words: string[]) => {
    const program = startProgram(process.execPath, [mainScript, ...words, '--data-dir', data]);
    const { code } = await program.exit();
    return { code, text: program.stdout + program.stderr };
  };
  try {
    assert.equal(await overUdp(tracker.udpPort, 7), 'allowed');
    assert.equal((await act('deny', hex(7))).code, 0);
    assert.match((await act('swarm', hex(7))).text, /Nobody is in the swarm/);
    assert.equal(await overUdp(tracker.udpPort, 7), 'torrent not allowed');
    assert.equal(await overHttp(tracker.httpPort, 7), 'torrent not allowed');
    assert.equal((await act('undeny', hex(7))).code, 0);
    assert.equal(await overUdp(tracker.udpPort, 7), 'allowed');
    writeFileSync(deny, 'rubbish\n');
    for (const words of [['deny', hex(8)], ['undeny', hex(8)], ['reload']]) {
      const { code, text } = await act(...words);
      assert.equal(code, 1, text);
      assert.match(text, /:1: 'rubbish' is not an info_hash/);
    }
  } finally {
    await tracker.program.kill();
  }
});

test('SIGHUP every 50 ms with good and bad lists fails no request', async () => {
  const deny = join(directory, 'storm');
  const install = (lines: string) => {
    writeFileSync(`${deny}.new`, lines);
    renameSync(`${deny}.new`, deny);
  };
  install(`${hex(100)}\n`);
  const tracker = await startTracker(['--workers', '2', '--deny-list', deny]);
  try {
    let going = true;
    let answered = 0;
    const lane = async (ask: (port: number, swarm: number) => Promise<string>, port: number) => {
      while (going) {
        assert.equal(await ask(port, 1), 'allowed');
        assert.equal(await ask(port, 100), 'torrent not allowed');
        answered++;
      }
    };
    const udp = (port: number, swarm: number) => overUdp(port, swarm, 2);
    const lanes = Promise.all([lane(overHttp, tracker.httpPort), lane(udp, tracker.udpPort)]);
    for (let i = 0; i < 40; i++) {
      install(`${hex(100)}\n${i % 3 === 2 ? 'rubbish' : hex(200 + i)}\n`);
      tracker.program.signal('SIGHUP');
      await pause(50);
    }
    going = false;
    await lanes;
    assert.ok(answered > 10, `${answered} answers`);
    assert.ok(tracker.program.running);
  } finally {
    await tracker.program.kill();
  }
});

test('a list with a mistake ends --check and the start, and names the line', async () => {
  const bad = join(directory, 'bad');
  writeFileSync(bad, `${hex(1)}\n\nnonsense\n`);
  for (const [words, code] of [
    [['--check'], 2],
    [['--http-port', '0', '--udp-port', 'any'], 1],
  ] as const) {
    const program = startProgram(process.execPath, [
      mainScript,
      '--host',
      '127.0.0.1',
      '--allow-list',
      bad,
      ...words,
    ]);
    assert.equal((await program.exit()).code, code, program.describe('ended otherwise'));
    assert.match(
      program.stderr,
      /^tracker-server: --allow-list .*bad:3: 'nonsense' is not an info_hash[^\n]*\n$/,
    );
  }
});
