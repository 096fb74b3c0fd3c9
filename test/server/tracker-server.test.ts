// The tracker put together: what its options come to in the answers, and what runs beside them.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Log } from '../../src/server/log/log.ts';
import { plainStyle } from '../../src/server/log/log-text.ts';
import { type Configuration, defaultConfiguration } from '../../src/server/options/configuration.ts';
import type { RunningTracker } from '../../src/server/running-tracker.ts';
import { StartError } from '../../src/server/start-error.ts';
import { startTrackerServer } from '../../src/server/tracker-server.ts';
import { pause } from '../program.ts';
import { announcePacket } from '../transport/udp/udp-client.ts';

const onLoopback: Partial<Configuration> = {
  host: '127.0.0.1',
  httpPort: 'any',
  udpPort: 'any',
  memoryLimit: 16 * 2 ** 20,
  workers: 0,
};

interface Running {
  server: RunningTracker;
  lines: string[];
  port(protocol: 'HTTP' | 'UDP'): number;
}

function createLog(verbose = false): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = new Log(
    { write: (line) => void lines.push(line) },
    { format: 'text', verbose, style: plainStyle },
  );
  return { log, lines };
}

/** Runs `ask` against a tracker with these options and closes it. */
async function withTracker(
  changes: Partial<Configuration>,
  ask: (running: Running) => Promise<void>,
  statsEveryMs?: number,
): Promise<void> {
  const configuration = defaultConfiguration({ ...onLoopback, ...changes });
  const { log, lines } = createLog(configuration.verbose);
  const server = await startTrackerServer(configuration, log, { statsEveryMs });
  const port = (protocol: string) => server.addresses.find((address) => address.protocol === protocol)!.port;
  try {
    await ask({ server, lines, port });
  } finally {
    await server.close();
  }
}

test('whoever asks for it is told each stats line that the log gets', async () => {
  const told: string[] = [];
  const { log, lines } = createLog(false);
  const server = await startTrackerServer(defaultConfiguration(onLoopback), log, {
    statsEveryMs: 20,
    onStats: (line) => told.push(line),
  });
  for (let tries = 0; tries < 200 && told.length < 2; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await server.close();
  assert.match(told[0], /^Stats: 0 torrents {2}0 peers/);
  assert.ok(lines.some((line) => line.includes(told[0])));
});

const infoHash = '%01%02%03%04%05%06%07%08%09%0a%0b%0c%0d%0e%0f%10%11%12%13%14';
const infoHashHex = '0102030405060708090a0b0c0d0e0f1011121314';

async function announce(port: number, query: string, headers: Record<string, string> = {}): Promise<string> {
  const url = `http://127.0.0.1:${port}/announce?info_hash=${infoHash}&peer_id=-TT0000-000000000000&port=6881&${query}`;
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity', ...headers } });
  return Buffer.from(await response.arrayBuffer()).toString('latin1');
}

/** The answer to an announce from 127.0.0.1 by a client that hears nobody but the address it asked. */
async function announceOverUdp(address: string, port: number): Promise<Buffer> {
  const socket = createSocket('udp4');
  const ask = async (packet: Uint8Array) => {
    socket.send(packet);
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return reply;
  };
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.connect(port, address);
    await once(socket, 'connect');
    const connected = await ask(Buffer.from('00000417271019800000000000000007', 'hex'));
    const id = { connectionIdHigh: connected.readInt32BE(8), connectionIdLow: connected.readInt32BE(12) };
    const rest = { port: 6881, left: 1, event: 0, numwant: -1 } as const;
    return await ask(
      announcePacket(id, {
        infoHash: new Uint8Array(20).fill(0x11),
        peerId: new Uint8Array(20).fill(0x22),
        ...rest,
      }),
    );
  } finally {
    socket.close();
  }
}

describe('options', () => {
  test('interval, min-interval, max-peers and tracker-id stand in the replies', async () => {
    await withTracker(
      { interval: 900, minInterval: 30, maxPeers: 1, trackerId: 'mine' },
      async ({ port }) => {
        const http = port('HTTP');
        for (const other of [7001, 7002, 7003])
          await announce(http, `left=1&port=${other}`.replace('port=6881&', ''));
        const reply = await announce(http, 'left=1');
        assert.match(reply, /8:intervali900e12:min intervali30e/);
        assert.match(reply, /10:tracker id4:mine/);
      },
    );
    await withTracker({ trackerId: '' }, async ({ port }) => {
      assert.doesNotMatch(await announce(port('HTTP'), 'left=1'), /tracker id/);
    });
  });

  test('full-scrape and max-scrape-hashes open and bound the scrape', async () => {
    const scrape = async (port: number, query: string) =>
      (await fetch(`http://127.0.0.1:${port}/scrape${query}`)).text();
    await withTracker({}, async ({ port }) => {
      assert.match(await scrape(port('HTTP'), ''), /full scrape not allowed/);
    });
    await withTracker({ fullScrape: true, maxScrapeHashes: 1 }, async ({ port }) => {
      assert.match(await scrape(port('HTTP'), ''), /5:filesd/);
      const two = `?info_hash=${infoHash}&info_hash=${'z'.repeat(20)}`;
      assert.equal((await scrape(port('HTTP'), two)).match(/8:completei/g)?.length, 1);
    });
  });

  test('a trusted proxy is believed about its client, another is not', async () => {
    const header = { 'x-forwarded-for': '203.0.113.7' };
    await withTracker({ trustedProxy: ['127.0.0.0/8'] }, async ({ port }) => {
      assert.ok((await announce(port('HTTP'), 'left=1', header)).includes('external ip4:\xcb\x00\x71\x07'));
    });
    await withTracker({ trustedProxy: ['10.0.0.0/8'] }, async ({ port }) => {
      assert.ok((await announce(port('HTTP'), 'left=1', header)).includes('external ip4:\x7f\x00\x00\x01'));
    });
  });

  test('the page at / names the announce URLs under --domain, and without it under the name it was asked by', async () => {
    const servers = [createServer(), createServer()];
    const ports: number[] = [];
    for (const server of servers) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      ports.push((server.address() as { port: number }).port);
    }
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    const [httpPort, udpPort] = ports;
    const changes = { httpPort: httpPort, udpPort: udpPort, domain: 'tracker.example.net:8443' };
    await withTracker(changes, async ({ port }) => {
      const page = await (await fetch(`http://127.0.0.1:${port('HTTP')}/`)).text();
      assert.ok(page.includes(`http://tracker.example.net:${httpPort}/announce`), page);
      assert.ok(page.includes(`udp://tracker.example.net:${udpPort}/announce`), page);
    });
    await withTracker({ httpPort: httpPort, udpPort: udpPort }, async ({ port }) => {
      const page = await (await fetch(`http://127.0.0.1:${port('HTTP')}/`)).text();
      assert.ok(page.includes(`http://127.0.0.1:${httpPort}/announce`), page);
      assert.ok(page.includes(`udp://127.0.0.1:${udpPort}/announce`), page);
    });
  });
});

describe('beside the answers', () => {
  test('the log counts torrents and peers at intervals', async () => {
    const ask = async ({ port, lines }: Running) => {
      await announce(port('HTTP'), 'left=1');
      await until(
        () => lines.includes('Stats: 1 torrents  1 peers\n'),
        3000,
        () => lines.join(''),
      );
    };
    await withTracker({}, ask, 50);
  });

  test('a peer that does not announce again is forgotten without anyone asking for it', async () => {
    const ask = async ({ port, lines }: Running) => {
      await announce(port('HTTP'), 'left=1');
      await until(
        () => lines.includes('Stats: 1 torrents  1 peers\n'),
        3000,
        () => lines.join(''),
      );
      await until(
        () => lines.includes('Stats: 0 torrents  0 peers\n'),
        6000,
        () => lines.join(''),
      );
    };
    await withTracker({ peerTtl: 1, interval: 1, minInterval: 1 }, ask, 50);
  });

  test('a verbose log has a line for each announce and scrape, a quiet one has none', async () => {
    const ask = async ({ port }: Running) => {
      await announce(port('HTTP'), 'left=0&event=started&numwant=5');
      await fetch(`http://127.0.0.1:${port('HTTP')}/scrape?info_hash=${infoHash}`);
    };
    await withTracker({ verbose: true, logIp: 'full' }, async (running) => {
      await ask(running);
      const [first, second] = running.lines.filter((line) => line.startsWith('Debug: '));
      assert.equal(
        first,
        `Debug: announce info_hash=${infoHashHex} peer=127.0.0.1:6881 event=started seeder=true numwant=5 ` +
          'complete=1 incomplete=0 peers=0\n',
      );
      assert.equal(second, `Debug: scrape info_hash=${infoHashHex} complete=1 incomplete=0 downloaded=0\n`);
    });
    await withTracker({}, async (running) => {
      const before = running.lines.length;
      await ask(running);
      assert.equal(running.lines.length, before);
    });
  });

  test('a verbose log changes nothing of UDP: each address is answered from itself, with a line', async () => {
    for (const workers of [1, 0]) {
      await withTracker({ verbose: true, logIp: 'full', workers, host: '0.0.0.0' }, async (running) => {
        const { lines, port } = running;
        // The portable way has a socket for each address that the machine is known by.
        for (const address of workers > 0 ? ['127.0.0.1', '127.0.0.3'] : ['127.0.0.1']) {
          const reply = await announceOverUdp(address, port('UDP'));
          assert.equal(reply.readInt32BE(0), 1);
        }
        const line =
          'Debug: announce info_hash=1111111111111111111111111111111111111111 peer=127.0.0.1:6881 event=none ' +
          'seeder=false numwant=-1 complete=0 incomplete=1 peers=0\n';
        while (!lines.includes(line)) await new Promise((resolve) => setTimeout(resolve, 5));
      });
    }
  });

  test('an exception that nothing caught is one line, and repeated it is counted', async () => {
    await withTracker({}, async ({ server, lines, port }) => {
      for (let i = 0; i < 10; i++) server.uncaught(new Error('boom'));
      const errors = lines.filter((line) => line.startsWith('Error: '));
      assert.equal(errors.length, 3);
      assert.match(errors[0], /^Error: an exception was caught and the tracker goes on: boom at="[^\n]+"\n$/);
      assert.match(await announce(port('HTTP'), 'left=1'), /8:interval/);
    });
  });
});

describe('start and end', () => {
  test('when one listener cannot open, those before it are closed again', async () => {
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port: httpPort } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const { log, lines } = createLog();
    const configuration = defaultConfiguration({ ...onLoopback, httpPort, udpPort: taken.address().port });
    try {
      await assert.rejects(startTrackerServer(configuration, log), (error: Error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, /\(UDP\): the port is in use/);
        return true;
      });
      assert.deepEqual(lines, []);
      await assert.rejects(fetch(`http://127.0.0.1:${httpPort}/`));
    } finally {
      await new Promise<void>((resolve) => taken.close(resolve));
    }
  });

  test('the whole of 4 GiB may be asked for', () => withTracker({ memoryLimit: 2 ** 32 }, async () => {}));

  test('a connection_id outlives a restart with a data directory, and not without', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'caracal-restart-'));
    try {
      let id: Buffer = Buffer.alloc(8);
      await withTracker({ dataDir }, async ({ port }) => {
        id = await connect(port('UDP'));
      });
      await withTracker({ dataDir }, async ({ port }) => {
        assert.equal((await announceUdp(port('UDP'), id)).readInt32BE(0), 1, 'answered as an announce');
      });
      await withTracker({}, async ({ port }) => {
        assert.equal((await announceUdp(port('UDP'), id)).readInt32BE(0), 3, 'answered with an error');
      });
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});

/** One packet to the tracker and its answer; lost ones are sent again. */
async function exchange(port: number, packet: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4');
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const again = setInterval(() => socket.send(packet, port, '127.0.0.1'), 300);
      const late = setTimeout(() => reject(new Error('no answer')), 5000);
      socket.once('message', (answer) => {
        clearInterval(again);
        clearTimeout(late);
        resolve(answer);
      });
      socket.send(packet, port, '127.0.0.1');
    });
  } finally {
    socket.close();
  }
}

async function connect(port: number): Promise<Buffer> {
  const answer = await exchange(port, Buffer.from('00000417271019800000000000000007', 'hex'));
  return answer.subarray(8, 16);
}

function announceUdp(port: number, id: Buffer): Promise<Buffer> {
  const packet = Buffer.alloc(98);
  id.copy(packet);
  packet.writeInt32BE(1, 8);
  packet.write(infoHashHex, 16, 'hex');
  packet.write('-TT0000-000000000000', 36, 'latin1');
  packet.writeInt32BE(-1, 92);
  packet.writeUInt16BE(6881, 96);
  return exchange(port, packet);
}

async function until(condition: () => boolean, ms: number, describe: () => string): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    assert.ok(Date.now() < deadline, describe());
    await pause(20);
  }
}
