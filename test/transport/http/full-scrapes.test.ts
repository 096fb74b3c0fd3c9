// Who is sent a scrape of everything when there are more readers than places, over node:http as all full scrapes go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FullScrapes } from '../../../src/transport/http/full-scrapes.ts';
import { createContractTracker } from '../contract.ts';
import { startNode } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

const scrape = 'GET /scrape HTTP/1.1\r\nHost: t\r\n\r\n';

/** A tracker whose full scrape is long and without end until `open` is called. */
function slowTracker() {
  const tracker = createContractTracker({ fullScrape: true });
  let opened = false;
  const swarm = { infoHash: new Uint8Array(20), complete: 1, incomplete: 0, downloaded: 0, downloaders: 0 };
  tracker.scrapeAll = function* () {
    for (let i = 0; i < 1000; i++) yield swarm;
    while (!opened) yield undefined;
  };
  return {
    tracker,
    open: () => {
      opened = true;
    },
  };
}

test('with more readers than places, whoever has most loses the first of its own', async (t) => {
  const { tracker, open } = slowTracker();
  const { port, transport, counters, exceptions } = await startNode({
    tracker,
    fullScrapes: new FullScrapes(tracker, 4),
  });
  t.after(() => transport.close(0));
  const ask = async (from: string) => {
    const before = counters.fullScrapes;
    const connection = await RawHttp.open(port, '127.0.0.1', from);
    connection.send(scrape);
    while (counters.fullScrapes === before) await sleep(2);
    return connection;
  };
  const honest = await ask('127.0.0.9');
  const many: RawHttp[] = [];
  for (let i = 0; i < 8; i++) many.push(await ask('127.0.0.8'));
  for (const connection of many.slice(0, 5)) await connection.end();
  open();
  assert.equal((await honest.reply())?.body.subarray(0, 8).toString(), 'd5:files');
  for (const connection of many.slice(5)) {
    assert.equal((await connection.reply())?.status, 200);
    connection.close();
  }
  honest.close();
  assert.deepEqual(exceptions, []);
});

test('a torrent that is refused since a collection was made is in no answer', async (t) => {
  const { tracker, open } = slowTracker();
  open();
  const { port, transport, counters } = await startNode({ tracker });
  t.after(() => transport.close(0));
  const client = await RawHttp.open(port);
  t.after(() => client.close());
  const count = async () => {
    client.send(scrape);
    return (await client.reply())!.body.toString('latin1').split('8:complete').length - 1;
  };
  const all = await count();
  assert.ok(all > 0);
  tracker.scrapeAll = function* () {};
  assert.equal(await count(), all, 'what was collected a moment ago');
  tracker.protection.setAccess({
    allowedTorrents: undefined,
    deniedTorrents: undefined,
    deniedAddresses: undefined,
    allowedClients: [],
    deniedClients: ['-XX'],
  });
  assert.equal(await count(), 0);
  assert.equal(counters.fullScrapes, 3);
});

test('a collection that failed is begun anew for the next who asks', async (t) => {
  const { tracker, open } = slowTracker();
  const whole = tracker.scrapeAll;
  open();
  const fault = new Error('a defect');
  tracker.scrapeAll = function* () {
    yield* whole.call(tracker);
    throw fault;
  };
  const { port, transport, exceptions } = await startNode({ tracker });
  t.after(() => transport.close(0));
  const first = await RawHttp.open(port);
  first.send(scrape);
  await first.end();
  assert.deepEqual(exceptions, [fault]);
  tracker.scrapeAll = whole;
  const second = await RawHttp.open(port);
  second.send(scrape);
  assert.equal((await second.reply())?.status, 200);
  second.close();
});
