// A kernel that is played, for measuring what is done between its calls: every connection has a request ready, and takes every answer.
import { AF_INET, architectures, errno, sockaddrIn } from '../src/net/layouts.ts';
import type { SystemCalls } from '../src/net/system-calls.ts';
import { loopbackWord } from './filled-store.ts';

/** Of the connections that are accepted; each takes the lowest that is free. */
export const firstFd = 100;

/** As much of the kernel as HTTP needs. It reads from and writes to nothing; a request lies ready at every connection. */
export class PlayedKernel {
  readonly calls: SystemCalls;
  /** Descriptors that every sleep reports. */
  ready: number[] = [];
  /** Connections that wait to be accepted. */
  toAccept = 0;
  sent = 0;
  readonly #memory: { base: number; bytes: Uint8Array; words: Int32Array }[] = [];

  constructor(requests: readonly Uint8Array[]) {
    const architecture = architectures[process.arch];
    if (architecture === undefined) throw new Error(`no kernel is known for ${process.arch}`);
    let nextRequest = 0;
    let nextFd = firstFd;
    let nextBase = 0x10000;
    const played = {
      architecture,
      errno: () => errno.EAGAIN,
      addressOf: (memory: ArrayBuffer) => {
        const base = nextBase;
        nextBase += Math.ceil(memory.byteLength / 65536 + 1) * 65536;
        this.#memory.push({ base, bytes: new Uint8Array(memory), words: new Int32Array(memory) });
        return base;
      },
      epollCreate1: () => 3,
      epollCtl: () => 0,
      eventfd: () => 4,
      setsockopt: () => 0,
      shutdown: () => 0,
      close: (fd: number) => {
        if (fd === nextFd - 1) nextFd--;
        return 0;
      },
      accept4: (_fd: number, address: number) => {
        if (this.toAccept === 0) return -1;
        this.toAccept--;
        const { words, base } = this.#at(address);
        const at = (address - base) / 4;
        words[at] = AF_INET;
        words[at + sockaddrIn.address / 4] = loopbackWord(0);
        return nextFd++;
      },
      epollWait: (_epoll: number, events: number) => {
        const { words, base } = this.#at(events);
        const step = architecture.epollEventSize / 4;
        let at = (events - base) / 4;
        for (const fd of this.ready) {
          words[at] = 1;
          words[at + architecture.epollEventData / 4] = fd;
          at += step;
        }
        return this.ready.length;
      },
      recv: (_fd: number, buffer: number) => {
        const request = requests[nextRequest++ % requests.length];
        const { bytes, base } = this.#at(buffer);
        bytes.set(request, buffer - base);
        return request.length;
      },
      send: (_fd: number, _buffer: number, length: number) => {
        this.sent++;
        return length;
      },
    };
    this.calls = played as unknown as SystemCalls;
  }

  #at(address: number): { base: number; bytes: Uint8Array; words: Int32Array } {
    const memory = this.#memory;
    for (let i = memory.length - 1; i > 0; i--) if (address >= memory[i].base) return memory[i];
    return memory[0];
  }
}
