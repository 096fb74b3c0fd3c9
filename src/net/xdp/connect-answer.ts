// Answers a connect before the kernel sees it, in its own packet: the id that the tracker would give (BEP 15), to where it came from.
//
// For connects above what the rings are given. The answer is as long as the question, so nobody is sent more than came in
// their name; what it says is true for whoever receives at the address, so forged senders learn nothing.
import type { Assembler } from './assembler.ts';
import {
  connectAnswer,
  context,
  ethernet,
  ipv4,
  ipv6,
  network16,
  question,
  UDP,
  udp,
  XdpAction,
} from './packet-layout.ts';
import {
  hashWith,
  type Proof,
  type Question,
  readNow,
  turnFromActions,
  writeLastBlock,
} from './proof-program.ts';

const udpBytes = udp.bytes + connectAnswer.bytes;
const hops = 64;
const doNotFragment = network16(0x4000);

/** Where besides in a question things lie, as bytes below the frame. */
export interface AnsweredQuestion extends Question {
  /** The address that was asked. */
  readonly target: number;
  /** 8 bytes, free for what is kept over a call. */
  readonly kept: number;
}

/**
 * Ends the program with the answer on its way, or jumps to `instead`. r6 is the packet's context, r7 where its UDP header
 * begins, with a whole question behind it, r8 the packet's end, r9 the time in ns.
 */
export function answerConnect(
  program: Assembler,
  proof: Proof,
  asked: AnsweredQuestion,
  instead: string,
): void {
  program.load(2, 2, 7, udp.length).jumpIf(2, 'unequal', network16(udpBytes), instead);
  makeId(program, proof, asked, instead);
  writeAnswer(program);
  writeAddresses(program, asked);
  fold(program, 5);
  program
    .compute('xor', 5, 0xffff)
    // 0 would say that there is none.
    .jumpIf(5, 'unequal', 0, 'sum of UDP')
    .compute('move', 5, 0xffff)
    .label('sum of UDP')
    .store(2, 7, udp.sum, 5);
  turnEthernet(program, instead);
  program.compute('move', 0, XdpAction.tx).exit();
}

/** r1 = the id as it stands in a packet. */
function makeId(program: Assembler, proof: Proof, asked: AnsweredQuestion, instead: string): void {
  readNow(program, proof);
  program
    .computeWith('move', 2, 1)
    .compute('and', 2, 3)
    .store(8, 10, asked.kept, 2)
    .compute('and', 1, 0xffffff);
  writeLastBlock(program, asked, 'answer');
  hashWith(program, proof, 0, asked, instead, 'answer');
  turnFromActions(program, 'answer');
  program.compute('and', 1, -4).load(8, 2, 10, asked.kept).computeWith('or', 1, 2).swap(64, 1);
}

/** Behind the UDP header, and in it all but the sum; r5 = the sum of what is written, and of lengths and protocol. */
function writeAnswer(program: Assembler): void {
  program
    .load(4, 5, 7, udp.bytes + question.transaction)
    .storeConstant(4, 7, udp.bytes + connectAnswer.action, 0)
    .store(4, 7, udp.bytes + connectAnswer.transaction, 5)
    .store(8, 7, udp.bytes + connectAnswer.id, 1)
    .computeWith('move', 2, 1)
    .compute('right', 2, 32)
    .computeWith('add', 5, 2)
    .compute('left', 1, 32)
    .compute('right', 1, 32)
    .computeWith('add', 5, 1)
    .load(2, 1, 7, udp.source)
    .load(2, 2, 7, udp.target)
    .store(2, 7, udp.source, 2)
    .store(2, 7, udp.target, 1)
    .storeConstant(2, 7, udp.length, network16(udpBytes))
    .computeWith('add', 5, 1)
    .computeWith('add', 5, 2)
    .compute('add', 5, 2 * network16(udpBytes) + network16(UDP));
}

/** The header before UDP's; adds the addresses to r5. */
function writeAddresses(program: Assembler, { source, target }: AnsweredQuestion): void {
  const six = -ipv6.bytes;
  program
    .load(8, 2, 10, source)
    .jumpIf(2, 'equal', 0, 'answer over IPv4')
    .storeConstant(4, 7, six + ipv6.version, 0x60)
    .storeConstant(2, 7, six + ipv6.length, network16(udpBytes))
    .storeConstant(1, 7, six + ipv6.hops, hops);
  for (const word of [0, 4, 8, 12]) {
    program
      .load(4, 2, 10, source + word)
      .load(4, 3, 10, target + word)
      .store(4, 7, six + ipv6.target + word, 2)
      .store(4, 7, six + ipv6.source + word, 3)
      .computeWith('add', 5, 2)
      .computeWith('add', 5, 3);
  }
  const four = -ipv4.bytes;
  const length = network16(ipv4.bytes + udpBytes);
  const hopsAndProtocol = hops | (UDP << 8);
  program
    .jump('addresses written')
    .label('answer over IPv4')
    .load(4, 2, 10, source + 12)
    .load(4, 3, 10, target + 12)
    .store(4, 7, four + ipv4.target, 2)
    .store(4, 7, four + ipv4.source, 3)
    .computeWith('add', 5, 2)
    .computeWith('add', 5, 3)
    .storeConstant(2, 7, four + ipv4.versionAndLength, 0x45)
    .storeConstant(2, 7, four + ipv4.length, length)
    .storeConstant(2, 7, four + ipv4.id, 0)
    .storeConstant(2, 7, four + ipv4.fragment, doNotFragment)
    .storeConstant(2, 7, four + ipv4.hops, hopsAndProtocol)
    .computeWith('add', 2, 3)
    .compute('add', 2, 0x45 + length + doNotFragment + hopsAndProtocol);
  fold(program, 2);
  program
    .compute('xor', 2, 0xffff)
    .store(2, 7, four + ipv4.sum, 2)
    .label('addresses written');
}

/** A sum of 32-bit numbers in 16 bits, with what was carried added again (RFC 1071). r0 is lost. */
function fold(program: Assembler, sum: 2 | 5): void {
  program
    .computeWith('move', 0, sum)
    .compute('right', 0, 32)
    .compute('left', sum, 32)
    .compute('right', sum, 32)
    .computeWith('add', sum, 0);
  for (let carried = 0; carried < 3; carried++) {
    program
      .computeWith('move', 0, sum)
      .compute('right', 0, 16)
      .compute('and', sum, 0xffff)
      .computeWith('add', sum, 0);
  }
}

/** Back to who sent it. r1 to r5 are lost. */
function turnEthernet(program: Assembler, instead: string): void {
  program
    .load(4, 1, 6, context.data)
    .computeWith('move', 2, 1)
    .compute('add', 2, ethernet.bytes)
    .jumpIfWith(2, 'above', 8, instead)
    .load(4, 2, 1, ethernet.target)
    .load(2, 3, 1, ethernet.target + 4)
    .load(4, 4, 1, ethernet.source)
    .load(2, 5, 1, ethernet.source + 4)
    .store(4, 1, ethernet.target, 4)
    .store(2, 1, ethernet.target + 4, 5)
    .store(4, 1, ethernet.source, 2)
    .store(2, 1, ethernet.source + 4, 3);
}
