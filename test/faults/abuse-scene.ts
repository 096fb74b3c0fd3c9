// What goes on in the network namespace of an abuse suite: a tracker, good clients, and an attacker beside them.
// `abuse-scene random|pin|one|network <long: 0|1>`; prints one line of JSON.
import { fileURLToPath } from 'node:url';
import { chunkBytes, layoutFor } from '../../src/swarm/layout.ts';
import { sizeClasses } from '../../src/swarm/size-classes.ts';
import { pause, startProgram } from '../program.ts';
import { AddressClient, address6Of, addressOf, p99Of } from './address-client.ts';
import { TrackerUnderTest } from './tracker-under-test.ts';

/** The tracker's usual limit for one address. */
const allowedPerSecond = 200;

const [scene, long] = [process.argv[2], process.argv[3] === '1'];
const host = scene === 'network' ? '2a00:1::1' : '11.0.0.1';
const flooder = fileURLToPath(new URL('./abuse-flooder.js', import.meta.url));
const memoryLimitMiB = long ? 64 : 16;
/** Nothing expires meanwhile; a round of the sweeper begins every sixtieth of it. */
const peerTtl = long ? 3600 : 300;
const realSwarms = long ? 10_000 : 1000;
const floodSwarms = long ? 1_000_000 : 150_000;
const floodAddresses = long ? 1000 : 150;
/** Of the flood that is not as fast as it can be, and in how many parts it comes. */
const floodPerSecond = 10_000;
const floodParts = long ? 5 : 3;
const unpacedSwarms = long ? 1_000_000 : 50_000;
const goodAddresses = 10;
const goodPerSecond = 500;

/** Good announces that were not answered. */
let failed = 0;

const tracker = new TrackerUnderTest({
  // Where it is measured how long good clients wait, they and the tracker share the processors.
  nice: scene === 'pin' ? 0 : 10,
  flags: [
    ...['--host', host, '--memory-limit', `${memoryLimitMiB}MiB`, '--snapshot-interval', '3600'],
    ...['--peer-ttl', String(peerTtl), '--admin-host', '127.0.0.1', '--admin-port', 'any'],
  ],
});
await tracker.start();
const target = { host, port: tracker.udpPort };
const goods = await Promise.all(
  Array.from({ length: goodAddresses }, (_, i) =>
    AddressClient.open(scene === 'network' ? address6Of(i) : addressOf(i), target),
  ),
);
const baseMiB = tracker.residentMiB;
const scenes = {
  random: sufferRandomSwarms,
  pin: sufferPinnedMemory,
  one: sufferOneAddress,
  network: sufferOneNetwork,
};
const figures = await scenes[scene as keyof typeof scenes]().finally(() => tracker.close());
console.log(JSON.stringify(figures));
process.exit(0);

async function sufferRandomSwarms(): Promise<object> {
  await settle();
  const rounds = await suffersInTurn();
  const sum = (of: (flood: Flood) => number) => rounds.reduce((all, { flood }) => all + of(flood), 0);
  // As fast as it can: now the attacker, the good clients and the tracker share too few processors.
  const unpaced = await suffer('random', unpacedSwarms, 0, floodSwarms);
  // So the same again, as fast, with info_hashes that cost no memory: what remains is what this machine costs.
  const control = await suffer('known', unpacedSwarms, unpaced.floodPerSecond, 0);
  let lost = 0;
  let next = 0;
  const count = async (client: AddressClient) => {
    while (next < realSwarms) if ((await client.count(next++)) < 3) lost++;
  };
  // Slowly enough for one address's allowance.
  await Promise.all((await openMore(Math.ceil(realSwarms / 1000))).map(count));
  const residentAfterMiB = tracker.residentMiB;
  const floodP99Ms = median(rounds.map(({ flood }) => flood.p99Ms));
  const knownAtThatRateP99Ms = median(rounds.map(({ known }) => known.p99Ms));
  return {
    lost,
    announced: sum(({ announced }) => announced) + unpaced.announced,
    refused: sum(({ refused }) => refused) + unpaced.refused,
    memoryLimitMiB,
    baseMiB,
    residentMiB: residentAfterMiB,
    overLimitMiB: Math.max(0, Math.round(residentAfterMiB - baseMiB - memoryLimitMiB * 1.1)),
    failed,
    quietP99Ms: median(rounds.map(({ quietP99Ms }) => quietP99Ms)),
    floodP99Ms,
    knownAtThatRateP99Ms,
    overTwiceKnownMs: excess(floodP99Ms, 2 * knownAtThatRateP99Ms),
    unpacedPerSecond: unpaced.floodPerSecond,
    unpacedP99Ms: unpaced.p99Ms,
    knownPerSecond: control.floodPerSecond,
    knownP99Ms: control.p99Ms,
    unpacedToKnown: Math.round((100 * unpaced.p99Ms) / control.p99Ms) / 100,
  };
}

/**
 * Quiet, a part of the flood, and the same rate of info_hashes that cost nothing, again and again: the p99 of 10 s without
 * any flood is 0.35 ms one time and 1.17 the next, so one of each says nothing.
 */
async function suffersInTurn() {
  const rounds: { quietP99Ms: number; flood: Suffered; known: Suffered }[] = [];
  const part = floodSwarms / floodParts;
  for (let first = 0; first < floodSwarms; first += part) {
    const quietP99Ms = await announceWhile(pause(long ? 10_000 : 1000));
    const flood = await suffer('random', part, floodPerSecond, first);
    rounds.push({ quietP99Ms, flood, known: await suffer('known', part / 2, floodPerSecond, 0) });
  }
  return rounds;
}

/**
 * After the flood real swarms come, of as many peers as a swarm may well have. Good clients ask while the sweeper moves
 * together what the flood has left, and before it all.
 */
async function sufferPinnedMemory(): Promise<object> {
  const quietP99Ms = await announceWhile(pause(long ? 10_000 : 2000));
  const attack = startFlooder('pin', long ? 1_600_000 : 340_000, long ? 2000 : 400);
  await attack.exited;
  const flood = JSON.parse(attack.stdout);
  const swarms = long ? 2000 : 600;
  const peers = 30;
  let realRefused = 0;
  for (let peer = 0; peer < peers; peer++) {
    await Promise.all(
      Array.from({ length: Math.ceil(swarms / 500) }, async (_, i) => {
        const client = await AddressClient.open(addressOf(300 + peer, 1 + i), target);
        const end = Math.min(swarms, (i + 1) * 500);
        for (let swarm = i * 500; swarm < end; swarm++)
          await client.announce(swarm, 6881).catch(() => realRefused++);
        client.close();
      }),
    );
  }
  let small = 0;
  const counters = await openMore(Math.ceil(swarms / 500));
  for (let swarm = 0; swarm < swarms; swarm++) {
    // A swarm's first peer is on probation until the second has come.
    if ((await counters[Math.floor(swarm / 500)].count(swarm)) < peers - 1) small++;
  }
  const atRest = memoryAtRest();
  const compactionP99Ms = await announceWhile(Promise.all([atRest, pause(2000)]));
  const memory = await atRest;
  return {
    announced: flood.announced,
    refused: flood.refused,
    established: flood.established,
    floodPerSecond: flood.floodPerSecond,
    memoryLimitMiB,
    realSwarms: swarms,
    realRefused,
    small,
    ...memory,
    failed,
    quietP99Ms,
    compactionP99Ms,
  };
}

/** Once the sweeper has been round often enough to move together what lies about, or has had the time for it. */
async function memoryAtRest() {
  const deadline = performance.now() + 4000 * (peerTtl / 60);
  for (;;) {
    const { bytesInUse, liveBytes, boundBytes } = await readMemory();
    const isAtRest = bytesInUse <= boundBytes || performance.now() > deadline;
    if (!isAtRest) {
      await pause(500);
      continue;
    }
    const kib = (bytes: number) => Math.round(bytes / 1024);
    return {
      inUseKiB: kib(bytesInUse),
      liveKiB: kib(liveBytes),
      boundKiB: kib(boundBytes),
      overBoundKiB: kib(Math.max(0, bytesInUse - boundBytes)),
    };
  }
}

/** Memory in use, and how much it may be: 1.5 × what lives there, and a chunk a size class (docs/decisions.md). */
async function readMemory() {
  const [url] = await tracker.program.printed(/http:\/\/127\.0\.0\.1:\d+\//);
  const text = await (await fetch(`${url}metrics`)).text();
  const sum = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((all, [, n]) => all + Number(n), 0);
  const liveBytes =
    28 * sum(/^tracker_peers\{.*ipv4.*\} (\S+)$/gm) +
    40 * sum(/^tracker_peers\{.*ipv6.*\} (\S+)$/gm) +
    44 * sum(/^tracker_swarms (\S+)$/gm);
  // The maps of the store itself lie in front.
  const { firstChunk } = layoutFor(memoryLimitMiB * 1024 ** 2);
  const boundBytes = 1.5 * liveBytes + (sizeClasses.length + firstChunk) * chunkBytes;
  return { bytesInUse: sum(/^tracker_swarm_memory_bytes (\S+)$/gm), liveBytes, boundBytes };
}

interface Flood {
  announced: number;
  refused: number;
  floodPerSecond: number;
}

interface Suffered extends Flood {
  p99Ms: number;
}

async function suffer(
  kind: 'random' | 'known',
  count: number,
  perSecond: number,
  first: number,
): Promise<Suffered> {
  const attack = startFlooder(kind, count, floodAddresses, perSecond, first);
  const p99Ms = await announceWhile(attack.exited);
  return { ...JSON.parse(attack.stdout), p99Ms };
}

async function sufferOneAddress(): Promise<object> {
  const quietP99Ms = await announceWhile(pause(long ? 10_000 : 2000));
  const attack = startFlooder('one', 20_000, long ? 30 : 5);
  const floodP99Ms = await announceWhile(attack.exited);
  const flood = JSON.parse(attack.stdout);
  const allowed = flood.allowedBurst + allowedPerSecond * (flood.elapsedSeconds + 2);
  return {
    sent: flood.sent,
    // The limit counts in whole seconds, of which one may have begun and one end besides.
    answeredOverLimit: Math.max(0, flood.answered - Math.ceil(allowed)),
    shedPercent: Math.round(1000 * (1 - flood.answeredAfterBurst / flood.sentAfterBurst)) / 10,
    failed,
    quietP99Ms,
    floodP99Ms,
    overHalfMoreMs: excess(floodP99Ms, 1.5 * quietP99Ms),
  };
}

/** What a customer with a /48 can take of the memory, and that others are answered beside it and find room. */
async function sufferOneNetwork(): Promise<object> {
  const attack = startFlooder('network', 20_000, long ? 30 : 8);
  const p99Ms = await announceWhile(attack.exited);
  const flood = JSON.parse(attack.stdout);
  const networks = 8;
  const allowed = networks * (2000 + allowedPerSecond * (flood.elapsedSeconds + 2));
  const { bytesInUse } = await readMemory();
  // New swarms of another network.
  let others = 0;
  const newcomer = await AddressClient.open(address6Of(500), target);
  for (let swarm = 0; swarm < 500; swarm++)
    await newcomer.announce(realSwarms + swarm, 6881).catch(() => others++);
  return {
    sent: flood.sent,
    answered: flood.answered,
    answeredOverLimit: Math.max(0, flood.answered - Math.ceil(allowed)),
    memoryLimitMiB,
    inUseMiB: Math.round(bytesInUse / 1024 ** 2),
    others,
    failed,
    p99Ms,
  };
}

/**
 * An attacker has processors of its own; of these it gets what the tracker and the good clients leave, but for `pin`, which
 * nobody good waits beside.
 */
function startFlooder(...words: (string | number)[]) {
  const [kind, ...numbers] = words.map(String);
  const command = [process.execPath, flooder, kind, host, String(tracker.udpPort), ...numbers];
  return kind === 'pin'
    ? startProgram(command[0], command.slice(1))
    : startProgram('chrt', ['--idle', '0', ...command]);
}

/** Three peers of three networks for each real swarm. */
async function settle(): Promise<void> {
  const perAddress = 1000;
  for (let network = 0; network < 3; network++) {
    await Promise.all(
      Array.from({ length: Math.ceil(realSwarms / perAddress) }, async (_, i) => {
        const client = await AddressClient.open(addressOf(100 + network, 1 + i), target);
        const end = Math.min(realSwarms, (i + 1) * perAddress);
        for (let swarm = i * perAddress; swarm < end; swarm++) await client.announce(swarm, 6881);
        client.close();
      }),
    );
  }
}

function openMore(count: number): Promise<AddressClient[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) => AddressClient.open(addressOf(200, 1 + i), target)),
  );
}

/** Good announces, evenly spread in time, until `end` resolves; returns their p99. */
async function announceWhile(end: Promise<unknown>): Promise<number> {
  let going = true;
  void end.finally(() => {
    going = false;
  });
  for (const client of goods) client.times.length = 0;
  const underWay: Promise<void>[] = [];
  const start = performance.now();
  for (let asked = 0; going; await pause(2)) {
    const due = ((performance.now() - start) * goodPerSecond) / 1000;
    for (; asked < due; asked++) {
      const client = goods[asked % goods.length];
      underWay.push(client.announce(asked % realSwarms, 6881).catch(() => void failed++));
    }
  }
  await end;
  await Promise.all(underWay);
  return Math.round(100 * p99Of(goods.flatMap(({ times }) => times))) / 100;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function excess(value: number, limit: number): number {
  return Math.max(0, Math.round(100 * (value - limit)) / 100);
}
