// How much a source may send before the program drops it: a source whose address the connection_id has proven, and nobody else.
//
// Who forges an address cannot have its id, and so takes nothing from its owner.
import { type Assembler, Helper } from './assembler.ts';
import type { Question } from './proof-program.ts';

export interface SourceLimit {
  /** Packets a second that a source may send for ever, and at once after a rest. */
  readonly rate: number;
  readonly burst: number;
  /** LRU_HASH: 16 bytes, an IPv4 address or the /64 of an IPv6 one → when its allowance is whole again, in ns, 8 bytes. */
  readonly sources: number;
}

/** About 1 MiB of the kernel's memory. Whoever is forgotten may send anew, and who floods is never the one longest unheard. */
export const mostSources = 16_384;

/** Goes on, or jumps to `taken`, unless the proven sender's packet is to be dropped: then to `tooMany`. r9 is the time in ns. */
export function isWithinLimit(program: Assembler, limit: SourceLimit, question: Question): void {
  mayBeShared(program, question);
  forgetHost(program, question);
  takeShare(program, limit, question);
}

/**
 * Jumps to `taken` where the address is private, of a carrier's network or link-local: many clients may share it, and so
 * it has no limit (protocol/address-scope.ts).
 */
function mayBeShared(program: Assembler, { source }: Question): void {
  program
    .load(8, 2, 10, source)
    .jumpIf(2, 'unequal', 0, 'scope of IPv6')
    .load(4, 2, 10, source + 12);
  isOneOf(program, [
    // 10/8, 192.168/16, 169.254/16, 172.16/12, 100.64/10, as the machine reads them.
    [0xff, 0x0a],
    [0xffff, 0xa8c0],
    [0xffff, 0xfea9],
    [0xf0ff, 0x10ac],
    [0xc0ff, 0x4064],
  ]);
  program.jump('one subscriber').label('scope of IPv6').load(4, 2, 10, source);
  isOneOf(program, [
    // fc00::/7, fe80::/10.
    [0xfe, 0xfc],
    [0xc0ff, 0x80fe],
  ]);
  program.label('one subscriber');
}

/** Jumps to `taken` where what begins with r2 is of such a network. */
function isOneOf(program: Assembler, networks: readonly (readonly [mask: number, value: number])[]): void {
  for (const [mask, value] of networks) {
    program.computeWith('move', 3, 2).compute('and', 3, mask).jumpIf(3, 'equal', value, 'taken');
  }
}

/** Of an IPv6 address its /64 counts, which is the least that one subscriber has. */
function forgetHost(program: Assembler, { source }: Question): void {
  program
    .load(8, 2, 10, source)
    .jumpIf(2, 'equal', 0, 'whole address')
    .compute('move', 2, 0)
    .store(8, 10, source + 8, 2)
    .label('whole address');
}

/**
 * One number a source: when its allowance will be whole again. Each packet puts it off by its share of a second; who
 * would put it off further than the burst is dropped. Two processors that count at once may let one packet more pass.
 * Registers: r9 the time in ns.
 */
function takeShare(
  program: Assembler,
  { rate, burst, sources }: SourceLimit,
  { source, number }: Question,
): void {
  const share = Math.max(1, Math.round(1e9 / rate));
  const most = BigInt(share) * BigInt(burst);
  program
    .lookUp(sources, source)
    .jumpIf(0, 'equal', 0, 'new source')
    .load(8, 2, 0, 0)
    .jumpIfWith(2, 'atLeast', 9, 'waits')
    .computeWith('move', 2, 9)
    .label('waits')
    .compute('add', 2, share)
    .computeWith('move', 3, 2)
    .computeWith('sub', 3, 9)
    .loadConstant(4, Number(BigInt.asIntN(32, most)), Number(most >> 32n))
    .jumpIfWith(3, 'above', 4, 'tooMany')
    .store(8, 0, 0, 2)
    .jump('taken')
    .label('new source')
    .compute('add', 9, share)
    .store(8, 10, number, 9)
    .loadMap(1, sources)
    .computeWith('move', 2, 10)
    .compute('add', 2, source)
    .computeWith('move', 3, 10)
    .compute('add', 3, number)
    .compute('move', 4, 0)
    .call(Helper.mapUpdate);
}
