// What /metrics says beyond the counts of announces: the version, bytes that passed, and defects outside of requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Event } from '../../../src/protocol/event.ts';
import { pause } from '../../program.ts';
import { UdpClient } from '../../transport/udp/udp-client.ts';
import { type AdminTracker, announce, askRaw, startAdminTracker } from './admin-tracker.ts';

const throwOnSignal = `
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('SIGWINCH', () => setTimeout(() => { throw new Error('a timer fell over'); }));
`;

let tracker: AdminTracker;

before(async () => {
  const { NODE_OPTIONS } = process.env;
  process.env.NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(throwOnSignal)}`;
  try {
    tracker = await startAdminTracker();
  } finally {
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
  }
});

after(async () => {
  await tracker?.program.kill();
});

async function metric(series: string): Promise<number> {
  const { body } = await askRaw(tracker.adminPort, '/metrics');
  const line = body.split('\n').find((each) => each.startsWith(`${series} `));
  assert.ok(line !== undefined, `there is no ${series}`);
  return Number(line.slice(series.length + 1));
}

/** Waits for it to have grown by `least`. */
async function grownBy(series: string, before: number, least: number): Promise<number> {
  for (let i = 0; ; i++) {
    const grown = (await metric(series)) - before;
    if (grown >= least || i === 100) return grown;
    await pause(50);
  }
}

test('a throw in a timer is counted and logged, and the tracker goes on', async () => {
  const series = 'tracker_exceptions_total{transport="none"}';
  assert.equal(await metric(series), 0);
  tracker.program.signal('SIGWINCH');
  assert.equal(await grownBy(series, 0, 1), 1);
  await tracker.program.printed(/Error: an exception was caught and the tracker goes on: a timer fell over/);
  await announce(tracker.httpPort, 1, 1);
});

test('the version and the Node.js that it runs on are told', async () => {
  const { body } = await askRaw(tracker.adminPort, '/metrics');
  const node = process.versions.node.replaceAll('.', '\\.');
  assert.match(
    body,
    new RegExp(`^tracker_build_info\\{version="\\d+\\.\\d+\\.\\d+[^"]*",node="${node}"\\} 1$`, 'm'),
  );
});

test('bytes in and out are counted over each transport', async () => {
  const udpIn = 'tracker_received_bytes_total{transport="udp"}';
  const udpOut = 'tracker_sent_bytes_total{transport="udp"}';
  const [receivedBefore, sentBefore] = [await metric(udpIn), await metric(udpOut)];
  const packetsBefore = [
    await metric('tracker_datagrams_received_total'),
    await metric('tracker_datagrams_sent_total'),
  ];
  const client = await UdpClient.open('127.0.0.1', tracker.udpPort);
  const question = {
    peerId: Buffer.from('-TT0000-000000000000'),
    port: 7000,
    left: 1,
    event: Event.none,
    numwant: 0,
  };
  await client.announce({ ...question, infoHash: Buffer.alloc(20, 1) });
  await client.close();
  assert.ok((await grownBy('tracker_datagrams_received_total', packetsBefore[0], 2)) >= 2);
  assert.ok((await grownBy('tracker_datagrams_sent_total', packetsBefore[1], 2)) >= 2);
  // A connect of 16 bytes each way, an announce of 98 at least and its answer of 20.
  assert.ok((await grownBy(udpIn, receivedBefore, 114)) >= 114);
  assert.ok((await grownBy(udpOut, sentBefore, 36)) >= 36);
  const httpIn = 'tracker_received_bytes_total{transport="http"}';
  const httpOut = 'tracker_sent_bytes_total{transport="http"}';
  const [readBefore, writtenBefore] = [await metric(httpIn), await metric(httpOut)];
  const asked = await askRaw(tracker.httpPort, '/', { Connection: 'close' });
  assert.ok((await grownBy(httpIn, readBefore, 30)) >= 30);
  assert.ok((await grownBy(httpOut, writtenBefore, asked.body.length)) > asked.body.length);
});
