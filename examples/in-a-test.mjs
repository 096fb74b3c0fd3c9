// A tracker in a test suite: in the test's own process, on ports that are free, gone when the tests are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTracker } from 'caracal';
import { createClient } from 'caracal/client';

const infoHash = '0102030405060708090a0b0c0d0e0f1011121314';
const tracker = createTracker({ host: '127.0.0.1', memoryLimit: '16MiB' });
before(() => tracker.listen());
after(() => tracker.close());

for (const scheme of ['udp', 'http', 'ws']) {
  test(`my client announces over ${scheme}`, async () => {
    const url = tracker.announceUrls.find((each) => each.startsWith(`${scheme}:`));
    const started = new Promise((resolve) => tracker.once('start', resolve));
    const client = createClient(url);
    const { answer } = await client.announce({ infoHash, event: 'started', port: 6881, numwant: 0 });
    assert.equal(answer.interval, 1800);
    assert.equal((await started).infoHash, infoHash);
    client.close();
  });
}
