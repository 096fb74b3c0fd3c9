// The attacker of the abuse suites, a process of its own: `random` announces info_hashes that nobody else knows from
// many addresses, `one` sends as fast as it is told from a single one. Prints one line of JSON.
import { pause } from '../program.ts';
import { AddressClient, addressOf } from './address-client.ts';

const [kind, host, port, ...numbers] = process.argv.slice(2);
const target = { host: host!, port: Number(port) };
const [first, second] = numbers.map(Number) as [number, number];
/** Far from every other swarm and network of the suites. */
const firstSwarm = 10_000_000;
const firstNetwork = 20_000;
const swarmsPerSecond = 10_000;
const lanes = 64;

console.log(
  JSON.stringify(kind === 'random' ? await floodSwarms(first, second) : await floodFromOne(first, second)),
);
process.exit(0);

/** `count` swarms from `addresses` addresses in turn. */
async function floodSwarms(count: number, addresses: number): Promise<object> {
  const clients: AddressClient[] = [];
  for (let i = 0; i < addresses; i++) {
    const client = await AddressClient.open(addressOf(firstNetwork + i), target);
    await client.connect();
    clients.push(client);
  }
  const start = performance.now();
  let next = 0;
  let refused = 0;
  const lane = async () => {
    while (next < count) {
      const n = next++;
      // Evenly in time: what waits in a queue of our own making says nothing about the tracker.
      const ahead = (n * 1000) / swarmsPerSecond - (performance.now() - start);
      if (ahead > 2) await pause(ahead);
      await clients[n % addresses]!.announce(firstSwarm + n, 6881).catch(() => refused++);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { announced: count - refused, refused };
}

/** `perSecond` packets a second for `seconds`; what is answered counts from the second second on. */
async function floodFromOne(perSecond: number, seconds: number): Promise<object> {
  const client = await AddressClient.open(addressOf(firstNetwork), target);
  await client.connect();
  let sent = 0;
  let sentBefore = 0;
  let receivedBefore = 0;
  const start = performance.now();
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - start) {
    // After a second the burst is used up.
    if (elapsed >= 1000 && sentBefore === 0) {
      sentBefore = sent;
      receivedBefore = client.received;
    }
    const due = Math.min((elapsed * perSecond) / 1000, sent + 500);
    for (; sent < due; sent++) client.send(firstSwarm + (sent % 1000), 6881);
    await pause(1);
  }
  await pause(500);
  return { sent, sentAfterBurst: sent - sentBefore, answeredAfterBurst: client.received - receivedBefore };
}
