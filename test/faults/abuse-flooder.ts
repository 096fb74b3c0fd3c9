// The attacker of the abuse suites, a process of its own: `random` announces info_hashes that nobody knows from many
// addresses, `known` the same few again and again, `pin` such that swarms of several sizes are established here and there,
// `one` sends as fast as it is told from a single one, `network` from all subnets (/56) of an IPv6 /48 in turn.
// `abuse-flooder pin <host> <port> <how many> <addresses>`
// `abuse-flooder <random|known> <host> <port> <how many> <addresses> <a second, or 0> <first>`
// `abuse-flooder <one|network> <host> <port> <a second> <seconds>`; prints one line of JSON.
import { pause } from '../program.ts';
import { AddressClient, address6Of, addressOf } from './address-client.ts';

/** Packets at once that the tracker's usual limit lets one address have. */
const burst = 2000;

const [kind, host, port, ...numbers] = process.argv.slice(2);
const target = { host: host, port: Number(port) };
const [first, second, perSecond, firstOfFlood] = numbers.map(Number) as [number, number, number, number];
/** Far from every other swarm and network of the suites. */
const firstSwarm = 10_000_000;
const firstNetwork = 20_000;
const lanes = 64;

console.log(JSON.stringify(await flood()));
process.exit(0);

function flood(): Promise<object> {
  if (kind === 'one') return floodFromOne(first, second);
  if (kind === 'network') return floodFromNetwork(first, second);
  return kind === 'pin' ? pinMemory(first, second) : floodSwarms(first, second);
}

/**
 * About `count` announces: swarms of two ports of one address, then of three, then of four. One swarm in 250 loses a peer
 * and gets one of another network, so that it may not be evicted, in the midst of others that may.
 */
async function pinMemory(count: number, addresses: number): Promise<object> {
  const clients = await openClients(addresses);
  const start = performance.now();
  let announced = 0;
  let refused = 0;
  let established = 0;
  let next = 0;
  const refuse = () => void refused++;
  const lane = async () => {
    while (announced < count) {
      const n = next++;
      const size = 2 + Math.floor((3 * announced) / count);
      const client = clients[n % addresses];
      for (let port = 0; port < size; port++, announced++)
        await client.announce(firstSwarm + n, 6881 + port).catch(refuse);
      if (n % 250 !== 0) continue;
      await client.stop(firstSwarm + n, 6881).catch(refuse);
      await clients[(n + 1) % addresses].announce(firstSwarm + n, 6881).catch(refuse);
      established++;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const floodPerSecond = Math.round((announced * 1000) / (performance.now() - start));
  return { announced, refused, established, floodPerSecond };
}

async function openClients(addresses: number): Promise<AddressClient[]> {
  const clients: AddressClient[] = [];
  for (let i = 0; i < addresses; i++) {
    const client = await AddressClient.open(addressOf(firstNetwork + i), target);
    await client.connect();
    clients.push(client);
  }
  return clients;
}

/** `count` announces from `addresses` addresses in turn. */
async function floodSwarms(count: number, addresses: number): Promise<object> {
  const clients = await openClients(addresses);
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

/** `perSecond` announces of a new swarm each for `seconds`, by 256 customers' addresses that are one customer's. */
async function floodFromNetwork(perSecond: number, seconds: number): Promise<object> {
  const clients: AddressClient[] = [];
  for (let subnet = 0; subnet < 256; subnet++) {
    const client = await AddressClient.open(address6Of(firstNetwork, subnet), target);
    await client.connect();
    clients.push(client);
  }
  const connected = clients.reduce((sum, { received }) => sum + received, 0);
  let sent = 0;
  const start = performance.now();
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - start) {
    const due = Math.min((elapsed * perSecond) / 1000, sent + 500);
    for (; sent < due; sent++) clients[sent % 256].send(firstSwarm + sent, 6881);
    await pause(1);
  }
  await pause(500);
  const answered = clients.reduce((sum, { received }) => sum + received, 0) - connected;
  return { sent, answered, elapsedSeconds: (performance.now() - start) / 1000 };
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
