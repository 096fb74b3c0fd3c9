// A program's filter: what it is asked about each announce, by whichever door, and what its answers come to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../../src/library/client.ts';
import { Failure, type FilterQuestion, type LogLine } from '../../src/library/index.ts';
import { announce, infoHash, otherHash, startTracker, urlOf } from './scene.ts';

const schemes = ['http', 'udp', 'ws'] as const;

for (const later of [false, true]) {
  test(`a filter that answers ${later ? 'later' : 'at once'} decides by every door`, async (test) => {
    const asked: FilterQuestion[] = [];
    const filter = (question: FilterQuestion) => {
      asked.push(question);
      const answer = question.infoHash === infoHash || 'pay first';
      return later ? pause(20).then(() => answer) : answer;
    };
    const tracker = await startTracker(test, { filter });
    for (const scheme of schemes) {
      const url = urlOf(tracker, scheme);
      const allowed = await announce(url, { event: 'started', port: 7001, left: 5 });
      assert.equal(allowed.failureReason, null, scheme);
      const refused = await announce(url, { infoHash: otherHash });
      assert.equal(refused.failureReason, 'pay first', scheme);
      const { peer } = asked.at(-2)!;
      assert.equal(peer!.peerId.length, 20);
      const { ip, port, event, seeder, webrtc } = peer!;
      const expected = { ip: '127.0.0.1', port: scheme === 'ws' ? 0 : 7001, event: 'started', seeder: false };
      assert.deepEqual({ ip, port, event, seeder, webrtc }, { ...expected, webrtc: scheme === 'ws' });
    }
    // Nobody is asked twice about one announce.
    assert.equal(asked.length, 6);
    const { transports } = tracker.stats();
    for (const name of ['http', 'udp', 'webtorrent']) {
      assert.equal(transports[name].announces, 1, name);
      assert.equal(transports[name].refused.not_allowed, 1, name);
    }
    const question = { infoHash: otherHash, peerId: '-XX0000-000000000000', ip: '192.0.2.1', port: 7003 };
    await assert.rejects(
      tracker.announce(question),
      (error) => error instanceof Failure && error.message === 'pay first',
    );
    assert.equal((await tracker.announce({ ...question, infoHash })).interval, 1800);
  });
}

test('those who wait are answered each by its own decision, in whatever order these come', async (test) => {
  const filter = async ({ peer }: FilterQuestion) => {
    await pause(peer!.port % 2 === 0 ? 60 : 5);
    return peer!.port % 2 === 0 || `odd ${peer!.port}`;
  };
  const tracker = await startTracker(test, { filter });
  const ask = (port: number) => announce(urlOf(tracker, schemes[port % 3]), { port, left: 1 });
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => ask(7000 + i)));
  for (const [i, { failureReason }] of answers.entries()) {
    // Over WebRTC there is no port.
    const port = schemes[(7000 + i) % 3] === 'ws' ? 0 : 7000 + i;
    assert.equal(failureReason, port % 2 === 0 ? null : `odd ${port}`);
  }
});

test('false refuses; what throws, rejects or answers nonsense refuses too, and is a warning', async (test) => {
  const warnings: [string, string][] = [];
  const answers: Record<number, () => unknown> = {
    7001: () => false,
    7002: () => {
      throw new Error('broken');
    },
    7003: () => Promise.reject(new Error('broken later')),
    7004: () => 5,
    7005: () => 'g\u00f6\n!',
    7006: () => {},
    7007: async () => null,
  };
  const tracker = await startTracker(test, { filter: ({ peer }) => answers[peer!.port]() as boolean });
  tracker.on('warning', ({ message, fields }: LogLine) => warnings.push([message, String(fields.error)]));
  const reasons = [];
  for (const port of [7001, 7002, 7003, 7004, 7005, 7006, 7007])
    reasons.push((await announce(urlOf(tracker, 'udp'), { port })).failureReason);
  assert.deepEqual(reasons, [
    'torrent not allowed',
    'internal error',
    'internal error',
    'internal error',
    'g??!',
    'internal error',
    'internal error',
  ]);
  const allowed = 'it must return true, false or a text with the reason, or a promise of one of them';
  assert.deepEqual(warnings, [
    ['filter has thrown', 'broken'],
    ['filter has thrown', 'broken later'],
    ['filter has answered a number', allowed],
    ['filter has answered undefined', allowed],
    ['filter has answered null', allowed],
  ]);
});

test('a peer that leaves is not asked about, nor one that the lists refuse', async (test) => {
  let asked = 0;
  const filter = () => {
    asked++;
    return true;
  };
  const tracker = await startTracker(test, { filter, denyClient: ['-XX'] });
  const url = urlOf(tracker, 'http');
  await announce(url, { event: 'stopped' });
  const client = createClient(url, { peerId: '-XX0000-000000000000' });
  assert.equal((await client.announce({ infoHash })).answer.failureReason, 'client not allowed');
  assert.equal(asked, 0);
});

test('a connection that has ended while a decision was made is not announced', async (test) => {
  let decide = (_: boolean) => {};
  const filter = () =>
    new Promise<boolean>((resolve) => {
      decide = resolve;
    });
  const tracker = await startTracker(test, { filter });
  const client = createClient(urlOf(tracker, 'ws'), { timeout: 0.3 });
  await assert.rejects(client.announce({ infoHash }));
  client.close();
  await pause(50);
  decide(true);
  await pause(50);
  assert.equal(tracker.swarm(infoHash), undefined);
});

test('it can be closed while decisions are waited for', async (test) => {
  const tracker = await startTracker(test, { filter: () => new Promise(() => {}) });
  const waiting = schemes.map((scheme) => assert.rejects(announce(urlOf(tracker, scheme))));
  await pause(100);
  const began = performance.now();
  await tracker.close();
  assert.ok(performance.now() - began < 8000);
  await Promise.all(waiting.slice(0, 1));
  await Promise.all(waiting);
});
