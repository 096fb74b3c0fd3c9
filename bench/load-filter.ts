// What a load's network card does with each packet: UDP to the load goes to its ring, and other UDP over IPv4 nowhere.
//
// A flood with forged senders is answered to whom it names. No stack of the load's machine has to find out that it is nobody.
import { readFileSync } from 'node:fs';
import type { SystemCalls } from '../src/net/system-calls.ts';
import { Assembler, Helper } from '../src/net/xdp/assembler.ts';
import { AttachMode, Bpf, MapType } from '../src/net/xdp/bpf.ts';
import { context, ethernet, ipv4, network16, UDP, XdpAction } from '../src/net/xdp/packet-layout.ts';

export class LoadFilter {
  readonly interfaceIndex: number;
  readonly #calls: SystemCalls;
  readonly #bpf: Bpf;
  readonly #rings: number;
  readonly #descriptors: readonly number[];

  /** @param address of the load, 4 bytes; throws SystemCallError */
  constructor(calls: SystemCalls, interfaceName: string, address: Uint8Array) {
    this.#calls = calls;
    this.#bpf = new Bpf(calls);
    this.interfaceIndex = Number(readFileSync(`/sys/class/net/${interfaceName}/ifindex`, 'latin1'));
    this.#rings = this.#bpf.createMap(MapType.rings, 4, 4, 1);
    const program = this.#bpf.loadProgram(programFor(this.#rings, address));
    const link = this.#bpf.attach(program, this.interfaceIndex, AttachMode.driver);
    this.#descriptors = [link, program, this.#rings];
  }

  /** Gives what comes for the load by the first queue to a ring (an AF_XDP descriptor). */
  setRing(descriptor: number): void {
    this.#bpf.update(this.#rings, new Uint8Array(4), new Uint8Array(Uint32Array.of(descriptor).buffer));
  }

  close(): void {
    for (const fd of this.#descriptors) this.#calls.close(fd);
    this.#bpf.close();
  }
}

function programFor(rings: number, address: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Assembler()
    .load(4, 2, 1, context.data)
    .load(4, 3, 1, context.dataEnd)
    .computeWith('move', 4, 2)
    .compute('add', 4, ethernet.bytes + ipv4.bytes)
    .jumpIfWith(4, 'above', 3, 'pass')
    .load(2, 4, 2, ethernet.type)
    .jumpIf(4, 'unequal', network16(0x0800), 'pass')
    .load(1, 4, 2, ethernet.bytes + ipv4.protocol)
    .jumpIf(4, 'unequal', UDP, 'pass')
    .load(4, 4, 2, ethernet.bytes + ipv4.target)
    .loadConstant(5, new DataView(address.buffer, address.byteOffset).getInt32(0, true), 0)
    .jumpIfWith(4, 'unequal', 5, 'drop')
    .load(4, 2, 1, context.queue)
    .loadMap(1, rings)
    .compute('move', 3, XdpAction.drop)
    .call(Helper.redirectMap)
    .exit()
    .label('drop')
    .compute('move', 0, XdpAction.drop)
    .exit()
    .label('pass')
    .compute('move', 0, XdpAction.pass)
    .exit()
    .assemble();
}
