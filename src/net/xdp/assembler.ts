// Writes programs for the kernel's virtual machine (eBPF): one call an instruction, jumps to names, 8 bytes each in the end.
//
// Registers: r0 what a call returns and the program ends with, r1 to r5 arguments (a call forgets them), r6 to r9 kept,
// r10 the frame, below which 512 bytes lie. (RFC 9669, BPF instruction set.)

export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
/** Bytes that are loaded or stored. */
export type Width = 1 | 2 | 4 | 8;

const widthCode = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;
const operation = {
  add: 0x00,
  sub: 0x10,
  divide: 0x30,
  or: 0x40,
  and: 0x50,
  left: 0x60,
  right: 0x70,
  xor: 0xa0,
  move: 0xb0,
} as const;
/** Numbers are unsigned. */
export type Operation = keyof typeof operation;
const comparison = {
  equal: 0x10,
  above: 0x20,
  atLeast: 0x30,
  unequal: 0x50,
  below: 0xa0,
  atMost: 0xb0,
} as const;
/** Of unsigned numbers. */
export type Comparison = keyof typeof comparison;

/** What the kernel does for a program, by its numbers in linux/bpf.h. */
export const Helper = { mapLookup: 1, mapUpdate: 2, nanoseconds: 5, redirectMap: 51 } as const;
export type Helper = (typeof Helper)[keyof typeof Helper];

// Classes, and where the second operand comes from.
const LD = 0x00;
const LDX = 0x01;
const ST = 0x02;
const STX = 0x03;
const JMP = 0x05;
const ALU64 = 0x07;
const ALU32 = 0x04;
const IMM = 0x00;
const MEM = 0x60;
const ATOMIC = 0xc0;
const REGISTER = 0x08;
const ALWAYS = 0x00;
const CALL = 0x80;
const EXIT = 0x90;
const SWAP = 0xd0;
/** The 64-bit constant is a map's descriptor. */
const MAP_FD = 1;

interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from: number;
  readonly offset: number | string;
  readonly constant: number;
}

export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  /** The next instruction can be jumped to by this name. */
  label(name: string): this {
    if (this.#labels.has(name)) throw new Error(`there are two labels ${name}`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** `to = *(from + offset)`, of so many bytes, in the order of the machine. */
  load(width: Width, to: Register, from: Register, offset: number): this {
    return this.#put(LDX | MEM | widthCode[width], to, from, offset, 0);
  }

  /** `*(to + offset) = from`. */
  store(width: Width, to: Register, offset: number, from: Register): this {
    return this.#put(STX | MEM | widthCode[width], to, from, offset, 0);
  }

  /** `*(to + offset) = constant`. */
  storeConstant(width: Width, to: Register, offset: number, constant: number): this {
    return this.#put(ST | MEM | widthCode[width], to, 0, offset, constant);
  }

  /** `to = to operation constant`, of 64 bits; the constant has 32 and is extended with its sign. */
  compute(kind: Operation, to: Register, constant: number): this {
    return this.#put(ALU64 | operation[kind], to, 0, 0, constant);
  }

  /** `to = to operation from`, of 64 bits. */
  computeWith(kind: Operation, to: Register, from: Register): this {
    return this.#put(ALU64 | operation[kind] | REGISTER, to, from, 0, 0);
  }

  /** `to` = its lowest 16, 32 or 64 bits in the opposite order of bytes: the network's. */
  swap(bits: 16 | 32 | 64, to: Register): this {
    return this.#put(ALU32 | SWAP | REGISTER, to, 0, 0, bits);
  }

  /** `to` = 64 bits, given as two halves. */
  loadConstant(to: Register, low: number, high: number): this {
    this.#put(LD | IMM | widthCode[8], to, 0, 0, low);
    return this.#put(0, 0, 0, 0, high);
  }

  /** `to` = the map behind a descriptor. */
  loadMap(to: Register, descriptor: number): this {
    this.#put(LD | IMM | widthCode[8], to, MAP_FD, 0, descriptor);
    return this.#put(0, 0, 0, 0, 0);
  }

  /** Adds `from` to the 64 bits at `to + offset`, at once for all processors. */
  addAtomically(to: Register, offset: number, from: Register): this {
    return this.#put(STX | ATOMIC | widthCode[8], to, from, offset, 0);
  }

  jump(label: string): this {
    return this.#put(JMP | ALWAYS, 0, 0, label, 0);
  }

  /** Jumps if `left` compares so with a constant. */
  jumpIf(left: Register, kind: Comparison, constant: number, label: string): this {
    return this.#put(JMP | comparison[kind], left, 0, label, constant);
  }

  /** Jumps if `left` compares so with `right`. */
  jumpIfWith(left: Register, kind: Comparison, right: Register, label: string): this {
    return this.#put(JMP | comparison[kind] | REGISTER, left, right, label, 0);
  }

  /** r0 = what one of the kernel's helpers returns. */
  call(helper: Helper): this {
    return this.#put(JMP | CALL, 0, 0, 0, helper);
  }

  /** r0 = where the element of a map lies whose key is `keyAt` bytes from the frame, or 0. r1 to r5 are lost. */
  lookUp(map: number, keyAt: number): this {
    return this.loadMap(1, map).computeWith('move', 2, 10).compute('add', 2, keyAt).call(Helper.mapLookup);
  }

  /** As `lookUp`, with a number for a key, which is written there: 4 bytes. */
  lookUpNumber(map: number, key: number, keyAt: number): this {
    return this.storeConstant(4, 10, keyAt, key).lookUp(map, keyAt);
  }

  exit(): this {
    return this.#put(JMP | EXIT, 0, 0, 0, 0);
  }

  /** The program. @throws when a jump goes to a label that is nowhere */
  assemble(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#instructions.length * 8);
    const view = new DataView(bytes.buffer);
    this.#instructions.forEach(({ code, to, from, offset, constant }, at) => {
      view.setUint8(at * 8, code);
      view.setUint8(at * 8 + 1, to | (from << 4));
      view.setInt16(at * 8 + 2, typeof offset === 'number' ? offset : this.#distance(at, offset), true);
      view.setInt32(at * 8 + 4, constant, true);
    });
    return bytes;
  }

  #distance(at: number, label: string): number {
    const target = this.#labels.get(label);
    if (target === undefined) throw new Error(`there is no label ${label}`);
    return target - at - 1;
  }

  #put(code: number, to: number, from: number, offset: number | string, constant: number): this {
    this.#instructions.push({ code, to, from, offset, constant });
    return this;
  }
}
