// Network interfaces whose queues the socket workers read themselves (--xdp), seen from the main thread: attached, spread over the
// workers, followed, and given back.
//
// The workers' ordinary sockets stay open on the same ports. So whatever goes wrong here costs speed and no answer.
import { SystemCallError } from '../../net/system-call-error.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import * as provedByKernel from '../../net/xdp/proof-program.ts';
import { RingMailbox } from '../../net/xdp/ring-mailbox.ts';
import { XdpFilter } from '../../net/xdp/xdp-filter.ts';
import { closeXdpSocket, openXdpSocket, readXdpLosses, type XdpHandle } from '../../net/xdp/xdp-handle.ts';
import { queuesOf } from '../../net/xdp/xdp-trial.ts';
import { acceptedEpochs, epochShift } from '../../protocol/connection-id.ts';
import type { TokenRate } from '../../tracker/token-buckets.ts';
import { noXdpCounts, type XdpCounts } from '../../transport/udp/xdp-counts.ts';
import type { Log } from '../log/log.ts';
import type { PassedFilter, PassedFilters } from './passed-filters.ts';
import { type ProvingKeys, ShieldLimit } from './shield-limit.ts';
import { localAddresses, type XdpEndpoint } from './xdp-addresses.ts';

if (provedByKernel.epochShift !== epochShift || provedByKernel.acceptedEpochs !== acceptedEpochs)
  throw new RangeError('the kernel takes other connection_ids than the tracker makes');

export interface XdpInterfacesOptions {
  readonly interfaces: readonly string[];
  readonly workers: number;
  /** Whether what no client sends is dropped by the filter. */
  readonly shield: boolean;
  /** What the tracker itself allows an address; the shield drops only what is far above it. */
  readonly rate: TokenRate | undefined;
  /** By which senders prove their addresses. */
  readonly keys: ProvingKeys;
  readonly log: Log;
  /** Of the tracker before. */
  readonly passed?: PassedFilters | undefined;
  /** Makes a worker look into its mailbox. */
  readonly wake: (worker: number) => void;
}

/** Another tracker that hands over to this one gives the interface up within such a time. */
const tryAgainMs = 250;
/** And its queues, once it has answered what lay in them; whoever has one still is no tracker that ends. */
const freeWithinMs = 10_000;
const addressesEveryMs = 10_000;

interface Ring {
  readonly queue: number;
  readonly worker: number;
  handle: XdpHandle | undefined;
  /** Whether its worker has taken it up. */
  read: boolean;
  /** It cannot be had. */
  isGivenUp: boolean;
}

interface Attached {
  readonly name: string;
  readonly filter: XdpFilter;
  readonly rings: Ring[];
  addresses: Map<string, Uint8Array>;
  /** Whether the log says that it is in use. */
  told: boolean;
}

export class XdpInterfaces {
  /** One a worker. */
  readonly mailboxes: readonly RingMailbox[];
  readonly #calls: SystemCalls;
  readonly #options: XdpInterfacesOptions;
  readonly #attached: Attached[] = [];
  readonly #limit: ShieldLimit;
  readonly #complained = new Set<string>();
  /** What rings that are no more had lost. */
  readonly #lostBefore = { ...noXdpCounts };
  #endpoints: readonly XdpEndpoint[] = [];
  #waiting: string[];
  #timers: NodeJS.Timeout[] = [];
  #detached = false;

  constructor(calls: SystemCalls, options: XdpInterfacesOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#waiting = [...new Set(options.interfaces)];
    this.#limit = new ShieldLimit(options.rate, options.keys);
    this.mailboxes = Array.from({ length: options.workers }, () => new RingMailbox());
  }

  /** Begins, and goes on trying for an interface that another tracker still has. */
  start(endpoints: readonly XdpEndpoint[]): void {
    if (this.#detached) return;
    this.#endpoints = endpoints;
    const end = performance.now() + freeWithinMs;
    const attach = () => {
      this.#waiting = this.#waiting.filter((name) => !this.#attach(name));
      const left = this.#openRings(performance.now() > end);
      if (this.#waiting.length === 0 && left === 0) clearInterval(again);
    };
    const again = setInterval(attach, tryAgainMs).unref();
    this.#timers = [again, setInterval(() => this.#followAddresses(), addressesEveryMs).unref()];
    attach();
    this.#options.passed?.close();
  }

  /** A worker has taken up what its mailbox said: from now on its queues' packets are given to its rings. */
  ringsTaken(worker: number): void {
    for (const attached of this.#attached) {
      const { filter, rings } = attached;
      for (const ring of rings) {
        if (ring.worker !== worker || !ring.handle) continue;
        filter.setRing(ring.queue, ring.handle.fd);
        ring.read = true;
      }
      this.#tellOnce(attached);
    }
  }

  /** Says that an interface is in use, when all its queues are read. */
  #tellOnce(attached: Attached): void {
    const { rings } = attached;
    const open = rings.filter(({ handle }) => handle !== undefined);
    const waits = rings.some(({ handle, read, isGivenUp }) => !isGivenUp && (handle === undefined || !read));
    if (attached.told || open.length === 0 || waits) return;
    attached.told = true;
    this.#options.log.info("UDP is answered from the network card's queues", {
      interface: attached.name,
      mode: `${attached.filter.attachment}, ${open[0]?.handle?.copying}`,
      queues: open.length,
    });
  }

  /** A worker has failed: the kernel takes its packets until it is there again, with rings of its own. */
  abandoned(worker: number): void {
    for (const { filter, rings } of this.#attached) {
      for (const ring of rings.filter((one) => one.worker === worker)) {
        filter.clearRing(ring.queue);
        this.#close(ring);
        this.#open(filter, ring, true);
      }
    }
    this.#tell(worker);
  }

  /** Has the shields go by another limit, which every source begins anew with. */
  changeRate(rate: TokenRate | undefined): void {
    this.#limit.changeRate(rate);
    this.#takeUpLimit();
  }

  /** Has the shields know senders by other keys. */
  changeKeys(keys: ProvingKeys): void {
    if (this.#limit.changeKeys(keys)) this.#takeUpLimit();
  }

  #takeUpLimit(): void {
    // Once it is given back, its place may be another tracker's.
    if (this.#detached) return;
    for (const { name, filter } of this.#attached) {
      try {
        filter.changeIds(this.#limit.ids);
      } catch (error) {
        const { message: reason } = error as Error;
        this.#options.log.warn('the shield goes on by the limit before', { interface: name, reason });
      }
    }
  }

  /** What may be handed on to another tracker. */
  filters(): PassedFilter[] {
    if (this.#detached) return [];
    return this.#attached.map(({ name, filter: { attachment, link } }) => ({
      interfaceName: name,
      attachment,
      descriptor: link,
    }));
  }

  /** What the filters have done and the rings have lost, together. */
  counts(): XdpCounts {
    const sums = { ...this.#lostBefore };
    for (const { filter, rings } of this.#attached) {
      if (!this.#detached) addCounts(sums, filter.counts());
      for (const { handle } of rings) if (handle) addCounts(sums, readXdpLosses(this.#calls, handle));
    }
    return sums;
  }

  /** Gives the interfaces back: whatever comes now goes to the kernel. The workers still answer what lies in the rings. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#waiting = [];
    for (const { filter, rings } of this.#attached) {
      // Its program may stay for another tracker's to take its place: to take it off the card costs packets.
      for (const { queue } of rings) filter.clearRing(queue);
      filter.close();
    }
  }

  /** When the workers have ended. */
  close(): void {
    for (const { rings } of this.#attached.splice(0)) for (const ring of rings) this.#close(ring);
  }

  /** Whether there is nothing more to try. */
  #attach(name: string): boolean {
    const { log, shield, passed } = this.#options;
    const addresses = localAddresses(this.#endpoints);
    let filter: XdpFilter;
    try {
      filter = new XdpFilter(this.#calls, {
        interfaceName: name,
        ports: [...new Set(this.#endpoints.map(({ port }) => port))],
        addresses: [...addresses.values()],
        shield,
        ids: this.#limit.ids,
        before: passed?.take(name),
      });
    } catch (error) {
      const busy = error instanceof SystemCallError && error.code === 'EBUSY';
      const reason = busy ? 'another program has it' : (error as Error).message;
      if (!this.#complained.has(name))
        log.warn('UDP is answered through sockets', { interface: name, reason });
      this.#complained.add(name);
      return !busy;
    }
    const rings = queuesOf(name).map((queue) => ({
      queue,
      worker: queue % this.#options.workers,
      handle: undefined,
      read: false,
      isGivenUp: false,
    }));
    const attached = { name, filter, rings, addresses, told: false };
    this.#attached.push(attached);
    return true;
  }

  /** @param isLast whether a queue that another program has is given up; returns how many are to be tried again */
  #openRings(isLast: boolean): number {
    const tell = new Set<number>();
    let left = 0;
    for (const { filter, rings } of this.#attached) {
      for (const ring of rings.filter(({ handle, isGivenUp }) => handle === undefined && !isGivenUp)) {
        this.#open(filter, ring, isLast);
        if (ring.handle !== undefined) tell.add(ring.worker);
        else if (!ring.isGivenUp) left++;
      }
    }
    for (const worker of tell) this.#tell(worker);
    return left;
  }

  #open(filter: XdpFilter, ring: Ring, isLast: boolean): void {
    try {
      ring.handle = openXdpSocket(this.#calls, { interfaceIndex: filter.interfaceIndex, queue: ring.queue });
    } catch (error) {
      if (!isLast && error instanceof SystemCallError && error.code === 'EBUSY') return;
      ring.isGivenUp = true;
      const { message: reason } = error as Error;
      this.#options.log.warn('a queue of the network card is left to sockets', { queue: ring.queue, reason });
    }
  }

  #close(ring: Ring): void {
    if (ring.handle) {
      addCounts(this.#lostBefore, readXdpLosses(this.#calls, ring.handle));
      closeXdpSocket(this.#calls, ring.handle);
    }
    ring.handle = undefined;
    ring.read = false;
  }

  #tell(worker: number): void {
    const own = this.#attached.flatMap(({ rings }) => rings).filter((ring) => ring.worker === worker);
    this.mailboxes[worker].write(own.flatMap(({ handle }) => handle ?? []));
    this.#options.wake(worker);
  }

  #followAddresses(): void {
    const now = localAddresses(this.#endpoints);
    for (const attached of this.#attached) {
      const { filter, addresses } = attached;
      for (const [text, bytes] of now) if (!addresses.has(text)) filter.addAddress(bytes);
      for (const [text, bytes] of addresses) if (!now.has(text)) filter.removeAddress(bytes);
      attached.addresses = now;
    }
  }
}

function addCounts(sums: XdpCounts, counts: Partial<XdpCounts>): void {
  for (const [name, count] of Object.entries(counts)) sums[name as keyof XdpCounts] += count;
}
