// What the network card's driver does with each packet before the kernel sees it: to our ring, to the kernel, or nowhere.
//
// Only UDP to one of our addresses and ports goes on, unfragmented and without IP options, with at most one VLAN tag.
// Everything else passes to the kernel as if this were not here, and so does everything while nobody reads the ring.
import { Assembler, Helper } from './assembler.ts';
import { answerConnect } from './connect-answer.ts';
import {
  context,
  ethernet,
  ipv4,
  ipv6,
  network16,
  question,
  UDP,
  udp,
  vlanBytes,
  XdpAction,
} from './packet-layout.ts';
import { type Proof, provesSender, readTime } from './proof-program.ts';
import { isWithinLimit, type SourceLimit } from './source-limit.ts';
import { isWithinUnproven, Unproven } from './unproven-limit.ts';

/** Why the shield drops a packet, and what else is counted: keys of the map of counts. */
export const FilterCount = {
  /** Meant for a ring. */
  taken: 0,
  /** From port 0, which nothing can be sent to. */
  fromPort0: 1,
  /** Shorter than any question. */
  tooShort: 2,
  /** Neither a connect nor with an id that could be ours. */
  implausible: 3,
  /** Of a source that has proven its address, and sends more than it may. */
  tooMany: 4,
  /** Above what the rings are given of those that prove no address. */
  unproven: 6,
  /** Connects above that: answered at once, and given to nobody. */
  answered: 7,
  /** Of what was meant for a ring: it went to the kernel, as nobody reads its queue. */
  withoutRing: 5,
} as const;
export type FilterCount = (typeof FilterCount)[keyof typeof FilterCount];
export const filterCounts = Object.keys(FilterCount).length;

export interface FilterMaps {
  /** XSKMAP: a queue's number → its ring. */
  readonly rings: number;
  /** HASH: 16 bytes of an address, IPv4 as ::ffff:a.b.c.d → anything; a packet to another passes to the kernel. */
  readonly addresses: number;
  /** PERCPU_ARRAY of 64-bit numbers by `FilterCount`. */
  readonly counts: number;
}

/** What is dropped: what no client sends, and more, if connection_ids are known here. */
export interface Shield {
  readonly ids: KnownIds | undefined;
}

export interface KnownIds {
  readonly proof: Proof;
  /** PERCPU_ARRAY of 64-bit numbers by `Unproven`. */
  readonly unproven: number;
  /** Of whoever proves an address. */
  readonly limit: SourceLimit | undefined;
}

/** Everything but "do not fragment" must be 0. */
const anyFragmentBits = network16(0xbfff);

// Below the frame: the address that is asked, the sender's, a number that maps are given, a block
// of a hash, what is kept over a call.
const target = -16;
const source = -32;
const number = -40;
const block = -48;
const kept = -56;
const asked = { id: udp.bytes + question.id, source, target, number, block, kept };

/**
 * The program for these ports, with a shield or without. Registers: r6 the packet's context, r7 where its UDP header
 * begins, r8 the packet's end, r9 the time of who is limited.
 */
export function filterProgram(
  maps: FilterMaps,
  ports: readonly number[],
  shield?: Shield,
): Uint8Array<ArrayBuffer> {
  const program = new Assembler();
  program.computeWith('move', 6, 1).load(4, 7, 6, context.data).load(4, 8, 6, context.dataEnd);
  readEthernet(program);
  readIpv4(program);
  readIpv6(program);
  readPorts(program, ports);
  program
    .lookUp(maps.addresses, target)
    .jumpIf(0, 'equal', 0, 'pass')
    // Nobody else has an address of ours.
    .lookUp(maps.addresses, source)
    .jumpIf(0, 'unequal', 0, 'pass');
  if (shield) isPlausible(program, shield.ids === undefined ? 'taken' : 'connect');
  if (shield?.ids) isKnown(program, maps.counts, shield.ids);
  program.label('taken');
  count(program, maps.counts, FilterCount.taken);
  program
    .loadMap(1, maps.rings)
    .load(4, 2, 6, context.queue)
    // Where no ring is, the packet passes.
    .compute('move', 3, XdpAction.pass)
    .call(Helper.redirectMap)
    .computeWith('move', 6, 0)
    .jumpIf(6, 'equal', XdpAction.redirect, 'redirected');
  count(program, maps.counts, FilterCount.withoutRing);
  program
    .label('redirected')
    .computeWith('move', 0, 6)
    .exit()
    .label('pass')
    .compute('move', 0, XdpAction.pass)
    .exit();
  if (shield) {
    const reasons = ['fromPort0', 'tooShort', 'implausible'] as const;
    // What nothing jumps to the kernel refuses.
    const known = shield.ids && (['unproven', ...(shield.ids.limit ? (['tooMany'] as const) : [])] as const);
    for (const reason of [...reasons, ...(known ?? [])]) {
      program.label(reason);
      count(program, maps.counts, FilterCount[reason]);
      program.compute('move', 0, XdpAction.drop).exit();
    }
  }
  return program.assemble();
}

/** Jumps to `pass` unless `bytes` from r7 on are there. */
function needs(program: Assembler, bytes: number): void {
  program.computeWith('move', 2, 7).compute('add', 2, bytes).jumpIfWith(2, 'above', 8, 'pass');
}

/** r7 behind the head, r3 the type. */
function readEthernet(program: Assembler): void {
  needs(program, ethernet.bytes);
  program
    .load(2, 3, 7, ethernet.type)
    .compute('add', 7, ethernet.bytes)
    .jumpIf(3, 'equal', network16(0x8100), 'vlan')
    .jumpIf(3, 'unequal', network16(0x88a8), 'type known')
    .label('vlan');
  needs(program, vlanBytes);
  program
    .load(2, 3, 7, 2)
    .compute('add', 7, vlanBytes)
    .label('type known')
    .jumpIf(3, 'equal', network16(0x86dd), 'ipv6')
    .jumpIf(3, 'unequal', network16(0x0800), 'pass');
}

function readIpv4(program: Assembler): void {
  needs(program, ipv4.bytes + udp.bytes);
  program
    .load(1, 2, 7, ipv4.versionAndLength)
    .jumpIf(2, 'unequal', 0x45, 'pass')
    .load(2, 2, 7, ipv4.fragment)
    .compute('and', 2, anyFragmentBits)
    .jumpIf(2, 'unequal', 0, 'pass')
    .load(1, 2, 7, ipv4.protocol)
    .jumpIf(2, 'unequal', UDP, 'pass')
    .load(4, 2, 7, ipv4.target)
    .store(4, 10, target + 12, 2)
    .load(4, 2, 7, ipv4.source)
    .store(4, 10, source + 12, 2)
    .compute('move', 2, 0)
    .store(8, 10, target, 2)
    .store(8, 10, source, 2)
    .storeConstant(4, 10, target + 8, mappedWord)
    .storeConstant(4, 10, source + 8, mappedWord)
    // Whom the kernel would not believe either: this network, loopback, multicast and what is reserved. (RFC 6890)
    .load(1, 2, 7, ipv4.source)
    .jumpIf(2, 'equal', 0, 'pass')
    .jumpIf(2, 'equal', 127, 'pass')
    .jumpIf(2, 'atLeast', 224, 'pass');
  program.compute('add', 7, ipv4.bytes).jump('udp');
}

/** 00 00 ff ff as the machine reads it. */
const mappedWord = 0xffff0000 | 0;

function readIpv6(program: Assembler): void {
  program.label('ipv6');
  needs(program, ipv6.bytes + udp.bytes);
  program
    .load(1, 2, 7, ipv6.version)
    .compute('and', 2, 0xf0)
    .jumpIf(2, 'unequal', 0x60, 'pass')
    .load(1, 2, 7, ipv6.next)
    .jumpIf(2, 'unequal', UDP, 'pass');
  for (const word of [0, 4, 8, 12]) program.load(4, 2, 7, ipv6.target + word).store(4, 10, target + word, 2);
  for (const word of [0, 4, 8, 12]) program.load(4, 2, 7, ipv6.source + word).store(4, 10, source + word, 2);
  program
    // As above: loopback and what else begins with 64 zeros, and multicast.
    .load(8, 2, 7, ipv6.source)
    .jumpIf(2, 'equal', 0, 'pass')
    .load(1, 2, 7, ipv6.source)
    .jumpIf(2, 'equal', 0xff, 'pass');
  program.compute('add', 7, ipv6.bytes).label('udp');
}

function readPorts(program: Assembler, ports: readonly number[]): void {
  // Known to be there; the verifier forgets it where two ways meet.
  needs(program, udp.bytes);
  program.load(2, 2, 7, udp.target);
  for (const port of ports) program.jumpIf(2, 'equal', network16(port), 'our port');
  program.jump('pass').label('our port');
}

/**
 * What no client sends. An id of ours never begins with 0 to 3 (protocol/connection-id.ts), and a connect has the
 * protocol's number in its place (BEP 15); whoever has one of the two must not have the other's action. Jumps to `connect` with one.
 */
function isPlausible(program: Assembler, connect: string): void {
  program
    .load(2, 2, 7, udp.source)
    .jumpIf(2, 'equal', 0, 'fromPort0')
    .computeWith('move', 2, 7)
    .compute('add', 2, udp.bytes + question.bytes)
    .jumpIfWith(2, 'above', 8, 'tooShort')
    .load(2, 2, 7, udp.length)
    .swap(16, 2)
    .jumpIf(2, 'below', udp.bytes + question.bytes, 'tooShort')
    .load(4, 4, 7, udp.bytes + question.action)
    .load(4, 2, 7, udp.bytes + question.id)
    .swap(32, 2)
    .jumpIf(2, 'atMost', 3, 'implausible')
    .jumpIf(2, 'unequal', connectHigh, 'no connect')
    .load(4, 3, 7, udp.bytes + question.idLow)
    .swap(32, 3)
    .jumpIf(3, 'unequal', connectLow, 'no connect')
    .jumpIf(4, 'unequal', 0, 'implausible')
    .jump(connect)
    .label('no connect')
    .jumpIf(4, 'equal', 0, 'implausible');
}

/** Goes on, or jumps to `taken`, with what the rings are given; what is above that ends here, and a connect with its answer. */
function isKnown(program: Assembler, counts: number, { proof, unproven, limit }: KnownIds): void {
  provesSender(program, proof, asked, 'proves nothing');
  if (limit) isWithinLimit(program, limit, asked);
  program.jump('taken').label('proves nothing');
  isWithinUnproven(program, unproven, Unproven.other, number, 'unproven');
  program.jump('taken').label('connect');
  readTime(program);
  isWithinUnproven(program, unproven, Unproven.connect, number, 'above');
  program.jump('taken').label('above');
  count(program, counts, FilterCount.answered);
  answerConnect(program, proof, asked, 'unproven');
}

/** The halves of 0x41727101980. */
const connectHigh = 0x417;
const connectLow = 0x27101980;

function count(program: Assembler, counts: number, which: FilterCount): void {
  program
    .lookUpNumber(counts, which, number)
    .jumpIf(0, 'equal', 0, `not counted ${which}`)
    .load(8, 2, 0, 0)
    .compute('add', 2, 1)
    .store(8, 0, 0, 2)
    .label(`not counted ${which}`);
}
