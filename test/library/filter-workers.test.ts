// A filter whose decisions hold for a while: for this thread, and for threads that go by them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '../../src/library/client.ts';
import type { FilterQuestion } from '../../src/library/index.ts';
import { announce, infoHash, otherHash, startTracker, urlOf } from './scene.ts';

function createFilter() {
  const asked: FilterQuestion[] = [];
  const filter = async (question: FilterQuestion) => {
    asked.push(question);
    await pause(10);
    return question.infoHash === infoHash || 'pay first';
  };
  return { asked, filter };
}

test('with filterTtl a torrent is decided about once, whoever asks and however many at a time', async (test) => {
  const { asked, filter } = createFilter();
  const tracker = await startTracker(test, { filter, filterTtl: 60 });
  const schemes = ['http', 'udp', 'ws'] as const;
  const answers = await Promise.all(
    [...schemes, ...schemes].map((scheme) => announce(urlOf(tracker, scheme), { infoHash: otherHash })),
  );
  for (const { failureReason } of answers) assert.equal(failureReason, 'pay first');
  assert.equal((await announce(urlOf(tracker, 'udp'))).failureReason, null);
  assert.deepEqual(asked, [
    { infoHash: otherHash, peer: undefined },
    { infoHash, peer: undefined },
  ]);
});

describe('with workers', { skip: process.platform !== 'linux' }, () => {
  test('an announce over HTTP waits for a decision that is not there yet, and later ones do not', async (test) => {
    const { asked, filter } = createFilter();
    const tracker = await startTracker(test, { filter, workers: 2 });
    const url = urlOf(tracker, 'http');
    assert.equal((await announce(url, { port: 7001 })).failureReason, null);
    assert.equal((await announce(url, { infoHash: otherHash })).failureReason, 'pay first');
    for (let i = 0; i < 4; i++) {
      assert.equal((await announce(url, { port: 7002 + i })).failureReason, null);
      assert.equal((await announce(url, { infoHash: otherHash })).failureReason, 'pay first');
    }
    assert.deepEqual(
      asked.map((question) => question.infoHash),
      [infoHash, otherHash],
    );
    assert.equal(tracker.swarm(infoHash)!.complete, 5);
  });

  test('over UDP a client asks again, and is answered by then', async (test) => {
    const { asked, filter } = createFilter();
    const tracker = await startTracker(test, { filter, workers: 2 });
    // It sends again after a quarter of its time-out.
    const client = createClient(urlOf(tracker, 'udp'), { timeout: 8 });
    assert.equal((await client.announce({ infoHash })).answer.failureReason, null);
    assert.equal((await client.announce({ infoHash: otherHash })).answer.failureReason, 'pay first');
    const began = performance.now();
    assert.equal((await client.announce({ infoHash: otherHash })).answer.failureReason, 'pay first');
    assert.ok(performance.now() - began < 1900);
    assert.deepEqual(
      asked.map((question) => question.infoHash),
      [infoHash, otherHash],
    );
    client.close();
  });

  test('a WebTorrent client is told to ask again soon', async (test) => {
    const { filter } = createFilter();
    const tracker = await startTracker(test, { filter, workers: 2 });
    const client = createClient(urlOf(tracker, 'ws'));
    const { answer } = await client.announce({ infoHash, event: 'started' });
    assert.deepEqual([answer.failureReason, answer.interval], ['not decided yet, ask again', 15]);
    for (let tries = 0; tries < 50; tries++) {
      const again = await client.announce({ infoHash, event: 'started' });
      if (again.answer.failureReason === null) {
        client.close();
        return;
      }
      await pause(20);
    }
    assert.fail('it is not decided');
  });
});
