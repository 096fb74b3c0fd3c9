// The attacker of the abuse suites, a process of its own: `random` announces info_hashes that nobody knows from many
// addresses, `known` the same few again and again, `one` sends as fast as it is told from a single one.
// `abuse-flooder <random|known> <host> <port> <how many> <addresses> <a second, or 0> <first>`
// `abuse-flooder one <host> <port> <a second> <seconds>`; prints one line of JSON.
import { pause } from '../program.ts';
import { AddressClient, addressOf } from './address-client.ts';

/** Packets at once that the tracker's usual limit lets one address have. */
const burst = 2000;

const [kind, host, port, ...numbers] = process.argv.slice(2);
const target = { host: host, port: Number(port) };
const [first, second, perSecond, firstOfFlood] = numbers.map(Number) as [number, number, number, number];
/** Far from every other swarm and network of the suites. */
const firstSwarm = 10_000_000;
const firstNetwork = 20_000;
const lanes = 64;

console.log(
  JSON.stringify(kind === 'one' ? await floodFromOne(first, second) : await floodSwarms(first, second)),
);
process.exit(0);

/** `count` announces from `addresses` addresses in turn. */
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
      const ahead = perSecond === 0 ? 0 : (n * 1000) / perSecond - (performance.now() - start);
      if (ahead > 2) await pause(ahead);
      const swarm = firstSwarm + firstOfFlood + (kind === 'known' ? n % addresses : n);
      await clients[n % addresses].announce(swarm, 6881).catch(() => refused++);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const floodPerSecond = Math.round((count * 1000) / (performance.now() - start));
  return { announced: count - refused, refused, floodPerSecond };
}

/** `perSecond` packets a second for `seconds`; what is answered counts from when the burst is surely used up. */
async function floodFromOne(perSecond: number, seconds: number): Promise<object> {
  const client = await AddressClient.open(addressOf(firstNetwork), target);
  await client.connect();
  let sent = 0;
  let sentBefore = 0;
  let receivedBefore = 0;
  const start = performance.now();
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - start) {
    // An attacker that is given little time sends less than its burst in a second.
    if (elapsed >= 1000 && sent >= 2 * burst && sentBefore === 0) {
      sentBefore = sent;
      receivedBefore = client.received;
    }
    const due = Math.min((elapsed * perSecond) / 1000, sent + 500);
    for (; sent < due; sent++) client.send(firstSwarm + (sent % 1000), 6881);
    await pause(1);
  }
  await pause(500);
  return {
    sent,
    sentAfterBurst: sent - sentBefore,
    answeredAfterBurst: client.received - receivedBefore,
    // Answers wait in queues, so only all of them can be held against what is allowed.
    answered: client.received,
    allowedBurst: burst,
    elapsedSeconds: (performance.now() - start) / 1000,
  };
}
