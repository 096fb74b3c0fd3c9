// The heads of a packet in a frame, Ethernet to UDP: read, and turned round for the answer. (RFC 791, 768, 8200, 1071)
//
// Everything behind Ethernet is aligned to 4 bytes (see `packetAt` in xdp-handle.ts), so it is read in units of 16 and words of 32 bits, which
// this little-endian machine sees with their bytes exchanged.

import { packetAt } from './xdp-handle.ts';

const macUnits = 3;
const typeUnit = 2 * macUnits;
const ethernetBytes = 14;
const vlanBytes = 4;
const swapped = (value: number) => ((value & 0xff) << 8) | (value >>> 8);
const VLAN = swapped(0x8100);
const SERVICE_VLAN = swapped(0x88a8);
const IPV6 = swapped(0x86dd);
const ipv4Bytes = 20;
const ipv6Bytes = 40;
const udpBytes = 8;
const UDP = 17;
/** Hops that an answer may take, as Linux sends by default. */
const hops = 64;
const dontFragment = swapped(0x4000);
// Where the fields of a head stand: in units of 16 bits, in words of 32, addresses also in bytes.
const ipv4Unit = { version: 0, length: 1, id: 2, fragment: 3, hopsAndProtocol: 4, sum: 5 } as const;
const ipv4Word = { source: 3, target: 4 } as const;
const ipv6Unit = { length: 2, protocolAndHops: 3 } as const;
const ipv6Word = { version: 0, source: 2, target: 6 } as const;
const udpUnit = { source: 0, target: 1, length: 2, sum: 3 } as const;
const addressWords6 = 4;
/** Version 4 and a head of five words; version 6. */
const version4 = 0x0045;
const version6 = 0x60;
/** Of the heads that a packet may have, in bytes. */
export const longestHeads = ethernetBytes + vlanBytes + ipv6Bytes + udpBytes;
if (((packetAt + ethernetBytes) | vlanBytes | ipv4Bytes | ipv6Bytes) % 4 !== 0)
  throw new RangeError('what is behind Ethernet is not aligned to words');
if (
  ipv4Word.target * 4 + 4 !== ipv4Bytes ||
  (ipv6Word.target + addressWords6) * 4 !== ipv6Bytes ||
  udpUnit.sum * 2 + 2 !== udpBytes ||
  typeUnit * 2 + 2 !== ethernetBytes
)
  throw new RangeError('the last field of a head does not end it');

/** The packet last read; one for each thread. */
export class PacketHead {
  family: 4 | 6 = 4;
  /** The sender's address in words of the memory: 1, or 4. */
  addressWord = 0;
  /** The question: `memory[questionAt .. + questionBytes)`. */
  questionAt = 0;
  questionBytes = 0;
  /** Of all heads together. */
  headBytes = 0;
  readonly #units: Uint16Array;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #at = 0;
  #ipAt = 0;
  #udpAt = 0;

  /** @param memory of all frames. */
  constructor(memory: ArrayBuffer) {
    this.#units = new Uint16Array(memory);
    this.#words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
  }

  /**
   * Reads the packet of `length` bytes at `at`, which the filter has looked at; false when its lengths contradict each
   * other or it was damaged on its way.
   */
  read(at: number, length: number): boolean {
    const units = this.#units;
    let typeAt = (at >> 1) + typeUnit;
    let head = ethernetBytes;
    if (units[typeAt] === VLAN || units[typeAt] === SERVICE_VLAN) {
      typeAt += 2;
      head += vlanBytes;
    }
    this.family = units[typeAt] === IPV6 ? 6 : 4;
    const ipAt = at + head;
    const ipBytes = this.family === 4 ? ipv4Bytes : ipv6Bytes;
    const udpAt = ipAt + ipBytes;
    this.#at = at;
    this.#ipAt = ipAt;
    this.#udpAt = udpAt;
    this.headBytes = head + ipBytes + udpBytes;
    this.addressWord = (ipAt >> 2) + (this.family === 4 ? ipv4Word.source : ipv6Word.source);
    this.questionAt = udpAt + udpBytes;
    const saidOfUdp = swapped(units[(udpAt >> 1) + udpUnit.length]);
    const saidOfIp =
      this.family === 4
        ? swapped(units[(ipAt >> 1) + ipv4Unit.length])
        : swapped(units[(ipAt >> 1) + ipv6Unit.length]) + ipv6Bytes;
    this.questionBytes = saidOfUdp - udpBytes;
    if (this.questionBytes < 0 || ipBytes + saidOfUdp > saidOfIp || head + saidOfIp > length) return false;
    return this.#isUndamaged(saidOfUdp);
  }

  /** Writes the heads of an answer of `bytes` bytes, which lies behind them already, at `to`; returns the packet's length. */
  answer(to: number, bytes: number): number {
    const units = this.#units;
    const from = this.#at >> 1;
    const target = to >> 1;
    for (let i = 0; i < macUnits; i++) {
      units[target + i] = units[from + macUnits + i];
      units[target + macUnits + i] = units[from + i];
    }
    const move = to - this.#at;
    const ipAt = this.#ipAt + move;
    for (let unit = from + typeUnit; unit < this.#ipAt >> 1; unit++) units[unit + (move >> 1)] = units[unit];
    if (this.family === 4) this.#answerIpv4(ipAt, bytes);
    else this.#answerIpv6(ipAt, bytes);
    this.#answerUdp(this.#udpAt + move, bytes);
    return this.headBytes + bytes;
  }

  #answerIpv4(ipAt: number, bytes: number): void {
    const units = this.#units;
    const words = this.#words;
    const at = ipAt >> 1;
    units[at + ipv4Unit.version] = version4;
    units[at + ipv4Unit.length] = swapped(ipv4Bytes + udpBytes + bytes);
    units[at + ipv4Unit.id] = 0;
    units[at + ipv4Unit.fragment] = dontFragment;
    units[at + ipv4Unit.hopsAndProtocol] = hops | (UDP << 8);
    units[at + ipv4Unit.sum] = 0;
    const from = this.#ipAt >> 2;
    words[(ipAt >> 2) + ipv4Word.source] = words[from + ipv4Word.target];
    words[(ipAt >> 2) + ipv4Word.target] = words[from + ipv4Word.source];
    let sum = 0;
    for (let i = 0; i < ipv4Bytes / 2; i++) sum += units[at + i];
    units[at + ipv4Unit.sum] = ~fold(sum);
  }

  #answerIpv6(ipAt: number, bytes: number): void {
    const words = this.#words;
    const at = ipAt >> 2;
    const from = this.#ipAt >> 2;
    words[at + ipv6Word.version] = version6;
    this.#units[(ipAt >> 1) + ipv6Unit.length] = swapped(udpBytes + bytes);
    this.#units[(ipAt >> 1) + ipv6Unit.protocolAndHops] = UDP | (hops << 8);
    for (let i = 0; i < addressWords6; i++) {
      words[at + ipv6Word.source + i] = words[from + ipv6Word.target + i];
      words[at + ipv6Word.target + i] = words[from + ipv6Word.source + i];
    }
  }

  #answerUdp(udpAt: number, bytes: number): void {
    const units = this.#units;
    const at = udpAt >> 1;
    const from = this.#udpAt >> 1;
    const length = udpBytes + bytes;
    units[at + udpUnit.source] = units[from + udpUnit.target];
    units[at + udpUnit.target] = units[from + udpUnit.source];
    units[at + udpUnit.length] = swapped(length);
    units[at + udpUnit.sum] = 0;
    const sum = ~fold(this.#pseudoSum(length) + this.#sum(udpAt, length)) & 0xffff;
    // 0 would say that there is none.
    units[at + udpUnit.sum] = sum === 0 ? 0xffff : sum;
  }

  /**
   * A sum of 0 says that there is none, over IPv4. A sum over nothing but addresses and lengths is what a sender on this
   * machine leaves to a network card that never saw the packet.
   */
  #isUndamaged(length: number): boolean {
    const said = this.#units[(this.#udpAt >> 1) + udpUnit.sum];
    if (said === 0) return this.family === 4;
    const pseudo = this.#pseudoSum(length);
    if (said === fold(pseudo)) return true;
    return fold(pseudo + this.#sum(this.#udpAt, length)) === 0xffff;
  }

  /** Of addresses, protocol and length; the same for the answer, as it is of both addresses. */
  #pseudoSum(length: number): number {
    const units = this.#units;
    let at = this.addressWord * 2;
    let sum = swapped(length) + swapped(UDP);
    // Both addresses, one behind the other.
    for (const end = at + (this.family === 4 ? 4 : 4 * addressWords6); at < end; at++) sum += units[at];
    return sum;
  }

  /** Of `length` bytes at `at`, in words; what is behind an odd end counts as 0. */
  #sum(at: number, length: number): number {
    const words = this.#words;
    const end = (at + length) >> 2;
    let sum = 0;
    for (let i = at >> 2; i < end; i++) sum += words[i] >>> 0;
    const bytes = this.#bytes;
    for (let i = end << 2, shift = 0; i < at + length; i++, shift += 8) sum += (bytes[i] << shift) >>> 0;
    return sum;
  }
}

/** A sum of 16-bit numbers, or of 32-bit ones, in 16 bits with what was carried added again. */
function fold(sum: number): number {
  let rest = sum;
  while (rest > 0xffffffff) rest = (rest % 0x1_0000_0000) + Math.floor(rest / 0x1_0000_0000);
  rest = (rest & 0xffff) + (rest >>> 16);
  rest = (rest & 0xffff) + (rest >>> 16);
  return (rest & 0xffff) + (rest >>> 16);
}
