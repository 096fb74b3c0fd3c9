// One address that asks too often: what is shed, what it is told, and that nobody else notices.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionIds } from '../../../src/protocol/connection-id.ts';
import { encodeIpWords, parseIp } from '../../../src/protocol/ip-address.ts';
import { encodeAnnounceRequest, encodeConnectRequest } from '../../../src/protocol/udp-client-packets.ts';
import { Protection } from '../../../src/tracker/protection.ts';
import { TokenBuckets } from '../../../src/tracker/token-buckets.ts';
import { Tracker } from '../../../src/tracker/tracker.ts';
import { maxReplyBytes, packetBuffer, UdpAnswers } from '../../../src/transport/udp/udp-answers.ts';
import { createUdpCounters, UdpCounter } from '../../../src/transport/udp/udp-counters.ts';
import { contractSettings, createContractStore } from '../contract.ts';
import { startHttpFor } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const memoryOf = (rate: number, burst: number) =>
  TokenBuckets.create({ rate, burst }, Int32Array.of(1, 2)).buffer;

function createLimitedTracker(rate: number, burst: number): Tracker {
  const protection = new Protection({
    udp: memoryOf(rate, burst),
    http: memoryOf(rate, burst),
    access: undefined,
  });
  return new Tracker(createContractStore(), contractSettings, protection);
}

/** A tracker's UDP answers without a socket, to packets from any address. */
class UdpFromAnywhere {
  readonly counters = createUdpCounters();
  readonly #request = packetBuffer(new ArrayBuffer(2048), 0, 2048);
  readonly #reply = packetBuffer(new ArrayBuffer(maxReplyBytes), 0, maxReplyBytes);
  readonly #ids = new ConnectionIds(new Uint8Array(16).fill(7), undefined);
  readonly #answers: UdpAnswers;
  readonly #address = new Int32Array(4);

  constructor(tracker: Tracker) {
    this.#answers = new UdpAnswers(tracker, this.#ids, this.counters, 4, this.#request, this.#reply);
  }

  connect(from: string, now: number): number {
    encodeConnectRequest(this.#request.view, 0, 1);
    return this.#answer(16, from, now);
  }

  announce(from: string, now: number, forged = false): number {
    encodeIpWords(parseIp(from)!, this.#address);
    this.#ids.issue(4, this.#address, 0, now);
    const length = encodeAnnounceRequest(this.#request.view, 0, {
      connectionIdHigh: this.#ids.high ^ (forged ? 1 : 0),
      connectionIdLow: this.#ids.low,
      transactionId: 1,
      infoHash: new Uint8Array(20).fill(1),
      peerId: new Uint8Array(20).fill(2),
      port: 6881,
      left: 1,
      event: 0,
      numwant: 10,
      key: 0,
      downloaded: 0,
      uploaded: 0,
    });
    return this.#answer(length, from, now);
  }

  #answer(length: number, from: string, now: number): number {
    encodeIpWords(parseIp(from)!, this.#address);
    return this.#answers.answer(0, length, this.#address, 0, 0, now);
  }
}

function answered(count: number, ask: () => number): number {
  let replies = 0;
  for (let i = 0; i < count; i++) if (ask() > 0) replies++;
  return replies;
}

test('of 20,000 announces a second from one address at least 95 % are shed, and of another address none', () => {
  const udp = new UdpFromAnywhere(createLimitedTracker(200, 2000));
  let through = 0;
  let others = 0;
  for (let now = 1; now <= 10; now++) {
    through += answered(20_000, () => udp.announce('90.0.0.1', now));
    others += answered(150, () => udp.announce('90.0.0.2', now));
  }
  assert.equal(others, 1500);
  assert.ok(through <= 200_000 * 0.05, `${through} of 200,000 got through`);
  assert.equal(udp.counters[UdpCounter.rateLimited], 200_000 - through);
});

test('forged packets take nothing from the address that they name', () => {
  const udp = new UdpFromAnywhere(createLimitedTracker(200, 2000));
  for (let now = 1; now <= 10; now++) {
    answered(5000, () => udp.connect('90.0.0.1', now));
    answered(5000, () => udp.announce('90.0.0.1', now, true));
    assert.equal(
      answered(60, () => udp.connect('90.0.0.1', now)),
      60,
    );
    assert.equal(
      answered(60, () => udp.announce('90.0.0.1', now)),
      60,
    );
  }
});

test('errors to senders that have proven nothing are bounded for all of them together', () => {
  const udp = new UdpFromAnywhere(new Tracker(createContractStore(), contractSettings));
  let from = 0;
  const forged = (now: number) =>
    answered(5000, () => udp.announce(`90.0.${++from & 255}.${(from >> 8) & 255}`, now, true));
  assert.deepEqual([forged(1), forged(1), forged(2)], [1000, 0, 1000]);
});

test('packets of a private address are all answered', () => {
  const udp = new UdpFromAnywhere(createLimitedTracker(1, 2));
  assert.equal(
    answered(100, () => udp.announce('192.168.0.1', 1)),
    100,
  );
});

test('without limits every packet is answered', () => {
  const tracker = new Tracker(createContractStore(), contractSettings);
  const udp = new UdpFromAnywhere(tracker);
  assert.equal(
    answered(10_000, () => udp.announce('90.0.0.1', 1)),
    10_000,
  );
});

const announcePath = '/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=6881&left=1';

/** The body of one announce's reply; undefined when the connection is cut off. */
async function requestFrom(port: number, client: string | undefined): Promise<string | undefined> {
  const forwarded = client === undefined ? '' : `X-Forwarded-For: ${client}\r\n`;
  const http = await RawHttp.open(port);
  http.send(`GET ${announcePath} HTTP/1.1\r\nHost: a\r\n${forwarded}\r\n`);
  const reply = await http.reply();
  if (reply?.fields.get('connection') === 'close') await http.end();
  http.close();
  assert.ok(reply === undefined || reply.status === 200);
  return reply?.body.toString('latin1');
}

test('an HTTP client over the limit is told so, when to come back, and its connection ends', async (t) => {
  const { port, counters } = await startHttpFor(t, {
    trusted: ['127.0.0.1'],
    tracker: createLimitedTracker(1, 5),
  });
  for (let i = 0; i < 5; i++) assert.match(String(await requestFrom(port, '90.0.0.1')), /8:interval/);
  const refusal = 'd14:failure reason17:too many requests8:retry ini1ee';
  assert.equal(await requestFrom(port, '90.0.0.1'), refusal);
  assert.match(String(await requestFrom(port, '90.0.0.2')), /8:interval/);
  assert.equal(counters.rateLimited, 1);
});

test('a trusted proxy and clients on private addresses are not limited', async (t) => {
  const { port } = await startHttpFor(t, { trusted: ['127.0.0.1'], tracker: createLimitedTracker(1, 2) });
  for (let i = 0; i < 10; i++) {
    assert.match(String(await requestFrom(port, undefined)), /8:interval/);
    assert.match(String(await requestFrom(port, '10.0.0.1')), /8:interval/);
  }
});

test('who is over the limit is not let in to begin with', async (t) => {
  const { port, counters } = await startHttpFor(t, { isOverLimit: () => true });
  const answer = await requestFrom(port, undefined).catch(({ code }: NodeJS.ErrnoException) => code);
  assert.ok(answer === undefined || answer === 'ECONNRESET', answer);
  assert.deepEqual([counters.connectionsRateLimited, counters.connectionsRefused], [1, 0]);
});
