// Announces by family and event and the latency histogram, as the admin door reads them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../src/protocol/event.ts';
import { failureKinds } from '../../src/protocol/failure.ts';
import {
  answerStatsLength,
  countAnnounce,
  countLatency,
  countRefusal,
  latencyBounds,
  sumAnswerStats,
} from '../../src/transport/answer-stats.ts';
import { answerStatsOf, createUdpCounters, udpCounterBytes } from '../../src/transport/udp/udp-counters.ts';

test('announces of several transports add up by family and event', () => {
  const first = new Float64Array(answerStatsLength);
  const second = new Float64Array(answerStatsLength);
  for (const event of Object.values(Event)) {
    for (let n = 0; n <= event; n++) countAnnounce(first, 4, event);
    countAnnounce(second, 4, event);
    countAnnounce(second, 6, event);
  }
  const { announces4, announces6 } = sumAnswerStats([first, second]);
  assert.deepEqual(announces4, [2, 3, 4, 5, 6]);
  assert.deepEqual(announces6, [1, 1, 1, 1, 1]);
});

test('a latency falls into the bucket whose upper end it does not exceed', () => {
  const stats = new Float64Array(answerStatsLength);
  countLatency(stats, latencyBounds[3] * 1000, 64);
  countLatency(stats, 10_000, 1);
  const { latency, latencySum } = sumAnswerStats([stats]);
  assert.equal(latency[3], 64);
  assert.equal(latency[latencyBounds.length], 1);
  assert.ok(Math.abs(latencySum - (64 * latencyBounds[3] + 10)) < 1e-9);
});

test('refusals add up by kind, and every kind has a place of its own', () => {
  const stats = new Float64Array(answerStatsLength);
  for (const [index, kind] of failureKinds.entries()) {
    for (let n = 0; n <= index; n++) countRefusal(stats, kind);
  }
  const { refused, latencySum } = sumAnswerStats([stats]);
  assert.deepEqual(
    Object.values(refused),
    failureKinds.map((_, index) => index + 1),
  );
  assert.equal(latencySum, 0);
});

test('two transports that share memory keep their notes apart', () => {
  const buffer = new SharedArrayBuffer(2 * udpCounterBytes);
  countAnnounce(answerStatsOf(createUdpCounters(buffer, 0)), 6, Event.paused);
  assert.equal(sumAnswerStats([answerStatsOf(createUdpCounters(buffer, 0))]).announces6[Event.paused], 1);
  assert.equal(sumAnswerStats([answerStatsOf(createUdpCounters(buffer, 1))]).announces6[Event.paused], 0);
});
