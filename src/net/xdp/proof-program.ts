// Whether a connection_id proves its sender's address, found out in the kernel: what protocol/connection-id.ts does, in 64-bit registers.
//
// SipHash-2-4 over the address and the id's epoch is compared with the id. The kernel's clock is CLOCK_MONOTONIC, as that of
// process.hrtime is; where a time namespace shifts the latter, nobody is proven.
import { type Assembler, Helper, type Register } from './assembler.ts';

/** An element of the map of keys (ARRAY): 16 bytes in two words, and whether the key is there. */
export const keyElement = { key0: 0, key1: 8, isThere: 16, bytes: 24 } as const;
/** 0 is the current key, 1 the one before. */
export const keyCount = 2;

/** Where things lie: the id as bytes from r7 on, the others as bytes below the frame, 8 of each but 16 of the source. */
export interface Question {
  readonly id: number;
  /** The sender's address, IPv4 as ::ffff:a.b.c.d. No IPv6 address that comes here begins with 64 zeros. */
  readonly source: number;
  /** Free for a number that a map is given. */
  readonly number: number;
  /** Free for the last block of what is hashed. */
  readonly block: number;
}

const second = 1e9;
export const epochShift = 6;
export const acceptedEpochs = 3;
if (acceptedEpochs !== 3) throw new RangeError('what two bits leave is not the one epoch ahead');
const idBytes = 8;

/** By what an id is checked. */
export interface Proof {
  /** ARRAY of `keyElement`. */
  readonly keys: number;
  /**
   * Where other machines have the keys too: by how many seconds their epochs are ahead of the kernel's clock. An id of an epoch
   * that begins just now is taken then.
   */
  readonly aheadSeconds?: number | undefined;
}

/** Goes on if the id proves its sender, with r9 the time in ns, and jumps to `unproven` otherwise. r1 to r5 are lost. */
export function provesSender(program: Assembler, proof: Proof, question: Question, unproven: string): void {
  readEpoch(program, proof, question, unproven);
  writeLastBlock(program, question, 'proof');
  for (let key = 0; key < keyCount; key++) {
    hashWith(program, proof, key, question, unproven, `key ${key}`);
    agrees(program, question.id, `key ${key}`, 'proven');
  }
  program.jump(unproven).label('proven');
}

/** r9 = the time in ns. r0 to r5 are lost. */
export function readTime(program: Assembler): void {
  program.call(Helper.nanoseconds).computeWith('move', 9, 0);
}

/** r1 = the epoch at the time in r9, in more bits than are hashed. r2 is lost. */
export function readNow(program: Assembler, { aheadSeconds }: Proof): void {
  program.computeWith('move', 1, 9).compute('divide', 1, second);
  if (aheadSeconds !== undefined) {
    const ahead = BigInt(aheadSeconds);
    program
      .loadConstant(2, Number(BigInt.asIntN(32, ahead)), Number(BigInt.asIntN(32, ahead >> 32n)))
      .computeWith('add', 1, 2);
  }
  program.compute('right', 1, epochShift);
}

/** r1 = the 24 bits of the epoch that the id's two lowest bits mean. */
function readEpoch(program: Assembler, proof: Proof, { id }: Question, unproven: string): void {
  readTime(program);
  readNow(program, proof);
  program
    // r2 = its age.
    .load(1, 3, 7, id + idBytes - 1)
    .computeWith('move', 2, 1)
    .computeWith('sub', 2, 3)
    .compute('and', 2, 3);
  if (proof.aheadSeconds === undefined) program.jumpIf(2, 'atLeast', acceptedEpochs, unproven);
  // Of the four that two bits tell apart one is left: the next.
  else program.jumpIf(2, 'below', acceptedEpochs, 'age').compute('move', 2, -1).label('age');
  program.computeWith('sub', 1, 2).compute('and', 1, 0xffffff);
}

/**
 * The epoch in r1 behind an IPv4 address, or that of IPv6 alone, and in the highest byte how many bytes are hashed in all.
 * r2 is lost.
 */
export function writeLastBlock(program: Assembler, { source, block }: Question, name: string): void {
  program
    .load(8, 2, 10, source)
    .jumpIf(2, 'equal', 0, `${name}: epoch of IPv4`)
    .loadConstant(2, 0, 19 << 24)
    .jump(`${name}: last block`)
    .label(`${name}: epoch of IPv4`)
    .compute('left', 1, 32)
    .load(4, 2, 10, source + 12)
    .computeWith('or', 1, 2)
    .loadConstant(2, 0, 7 << 24)
    .label(`${name}: last block`)
    .computeWith('or', 1, 2)
    .store(8, 10, block, 1);
}

// The state of the hash, the block that it takes in, and what is needed in between.
const v0 = 1;
const v1 = 2;
const v2 = 3;
const v3 = 4;
const message = 5;
const spare = 0;

/** r1 = the hash of a question by a key of the map, after its last block was written; jumps to `without` if there is none. */
export function hashWith(
  program: Assembler,
  { keys }: Proof,
  key: number,
  question: Question,
  without: string,
  name: string,
): void {
  program
    .lookUpNumber(keys, key, question.number)
    .jumpIf(0, 'equal', 0, without)
    .load(8, 2, 0, keyElement.isThere)
    .jumpIf(2, 'equal', 0, without);
  hash(program, question, name);
}

/** r1 = SipHash-2-4 with the key at r0, over the address, if it is one of IPv6, and the last block. */
function hash(program: Assembler, { source, block }: Question, name: string): void {
  program
    .load(8, v0, 0, keyElement.key0)
    .load(8, v1, 0, keyElement.key1)
    .computeWith('move', v2, v0)
    .computeWith('move', v3, v1)
    .loadConstant(message, 0x70736575, 0x736f6d65)
    .computeWith('xor', v0, message)
    .loadConstant(message, 0x6e646f6d, 0x646f7261)
    .computeWith('xor', v1, message)
    .loadConstant(message, 0x6e657261, 0x6c796765)
    .computeWith('xor', v2, message)
    .loadConstant(message, 0x79746573, 0x74656462)
    .computeWith('xor', v3, message)
    .load(8, message, 10, source)
    .jumpIf(message, 'equal', 0, `${name}: IPv4`);
  takeIn(program);
  program.load(8, message, 10, source + 8);
  takeIn(program);
  program.label(`${name}: IPv4`).load(8, message, 10, block);
  takeIn(program);
  program.compute('xor', v2, 0xff);
  for (let i = 0; i < 4; i++) round(program);
  program.computeWith('xor', v0, v1).computeWith('xor', v0, v2).computeWith('xor', v0, v3);
}

function takeIn(program: Assembler): void {
  program.computeWith('xor', v3, message);
  round(program);
  round(program);
  program.computeWith('xor', v0, message);
}

function round(program: Assembler): void {
  program.computeWith('add', v0, v1);
  rotate(program, v1, 13);
  program.computeWith('xor', v1, v0);
  rotate(program, v0, 32);
  program.computeWith('add', v2, v3);
  rotate(program, v3, 16);
  program.computeWith('xor', v3, v2);
  program.computeWith('add', v0, v3);
  rotate(program, v3, 21);
  program.computeWith('xor', v3, v0);
  program.computeWith('add', v2, v1);
  rotate(program, v1, 17);
  program.computeWith('xor', v1, v2);
  rotate(program, v2, 32);
}

function rotate(program: Assembler, register: Register, bits: number): void {
  program
    .computeWith('move', spare, register)
    .compute('left', register, bits)
    .compute('right', spare, 64 - bits)
    .computeWith('or', register, spare);
}

/**
 * Jumps to `target` if all bits of the hash in r1 but the two lowest are those of the id that many bytes from r7 on. No id
 * begins with 0 to 3, which are actions: where a hash does, its upper half is turned round. r1 and r2 are lost.
 */
export function agrees(program: Assembler, id: number, name: string, target: string): void {
  turnFromActions(program, name);
  program
    .load(8, 2, 7, id)
    .swap(64, 2)
    .computeWith('xor', 1, 2)
    .compute('right', 1, 2)
    .jumpIf(1, 'equal', 0, target);
}

/** Turns the upper half of the hash in r1 round where an id that began with it would look like an action. r2 is lost. */
export function turnFromActions(program: Assembler, name: string): void {
  program
    .computeWith('move', 2, 1)
    .compute('right', 2, 34)
    .jumpIf(2, 'unequal', 0, `${name}: no action`)
    .loadConstant(2, 0, -1)
    .computeWith('xor', 1, 2)
    .label(`${name}: no action`);
}
