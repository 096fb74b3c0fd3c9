// How Linux is reached from JavaScript: koffi, loaded only when asked for, and the C library's functions through it.
import { endianness } from 'node:os';
import { koffiPackage, loadKoffi } from './koffi.ts';
import {
  type Architecture,
  architectures,
  MAP_ANONYMOUS,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SYS_io_uring_enter,
  SYS_io_uring_register,
  SYS_io_uring_setup,
} from './layouts.ts';

/**
 * The calls of this folder. They return what C returns: -1 for a failure, whose number `errno()` then gives.
 * Pointers are plain numbers (`PinnedMemory.address`, addresses stay below 2^53): measured on Node 20, koffi takes
 * about 60 ns for a call with numbers, 100 ns with BigInts and 120 ns when it has to look into a typed array.
 */
export interface SystemCalls {
  readonly architecture: Architecture;
  errno(): number;
  /** The address of memory outside the JavaScript heap. */
  addressOf(memory: ArrayBuffer): number;
  socket(domain: number, type: number, protocol: number): number;
  /** Writes two connected descriptors, each a word of 32 bits. */
  socketpair(domain: number, type: number, protocol: number, descriptors: number): number;
  bind(fd: number, address: number, length: number): number;
  connect(fd: number, address: number, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: number, length: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  getsockname(fd: number, address: number, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  recv(fd: number, buffer: number, length: number, flags: number): number;
  send(fd: number, buffer: number, length: number, flags: number): number;
  sendto(
    fd: number,
    buffer: number,
    length: number,
    flags: number,
    address: number,
    addressLength: number,
  ): number;
  sendmsg(fd: number, header: number, flags: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  epollCreate1(flags: number): number;
  epollCtl(epoll: number, operation: number, fd: number, event: number): number;
  epollWait(epoll: number, events: number, count: number, timeoutMs: number): number;
  eventfd(initial: number, flags: number): number;
  read(fd: number, buffer: number, length: number): number;
  write(fd: number, buffer: number, length: number): number;
  bpf(command: number, attributes: number, bytes: number): number;
  /** @param thread 0 is the calling one */
  schedSetattr(thread: number, attributes: number, flags: number): number;
  ioUringSetup(entries: number, parameters: number): number;
  /** Gives the kernel `submit` entries and waits for none: how many it took. */
  ioUringEnter(fd: number, submit: number, flags: number): number;
  ioUringRegister(fd: number, operation: number, argument: number, count: number): number;
  /** Maps a descriptor's memory for reading and writing, shared with the kernel: its address; −1 when it fails. */
  mapShared(fd: number, bytes: number, offset: number): number;
  /** Memory of its own, in whole pages; −1 when it fails. */
  mapAnonymous(bytes: number): number;
  unmap(address: number, bytes: number): number;
  /** Memory that is not JavaScript's, as an ArrayBuffer; nothing may look into it once it is unmapped. */
  viewOf(address: number, bytes: number): ArrayBuffer;
}

export type SystemCallsOrReason =
  | { readonly calls: SystemCalls; readonly reason?: undefined }
  | { readonly calls?: undefined; readonly reason: string };

// Only what is used of koffi; its own declarations are not imported, because it is an optional dependency and the
// project must build without it.
interface Koffi {
  load(library: string | null): Library;
  address(memory: ArrayBuffer): bigint;
  view(address: number | bigint, bytes: number): ArrayBuffer;
  errno(): number;
}
interface Library {
  func(name: string, result: string, parameters: string[]): (...parameters: number[]) => number;
}

let loaded: SystemCallsOrReason | undefined;

/** The system calls, or in one line why they cannot be had here. Loads at the first call only; never throws. */
export function loadSystemCalls(): SystemCallsOrReason {
  loaded ??= load();
  return loaded;
}

function load(): SystemCallsOrReason {
  if (process.platform !== 'linux') return { reason: `it needs Linux, and this is ${process.platform}` };
  const architecture = architectures[process.arch];
  if (!architecture || endianness() !== 'LE') {
    return { reason: `it is made for x64 and arm64 processors, and this is ${process.arch}` };
  }
  let koffi: Koffi;
  try {
    koffi = loadKoffi() as Koffi;
  } catch (error) {
    return { reason: `the package ${koffiPackage()} cannot be loaded: ${firstLine(error)}` };
  }
  try {
    return { calls: declare(koffi, loadLibrary(koffi), architecture) };
  } catch (error) {
    return { reason: `the C library cannot be called: ${firstLine(error)}` };
  }
}

// What the program itself is linked with comes first: that is the C library whatever it is called here.
function loadLibrary(koffi: Koffi): Library {
  const musl = process.arch === 'x64' ? 'libc.musl-x86_64.so.1' : 'libc.musl-aarch64.so.1';
  let failure: unknown;
  for (const name of [null, 'libc.so.6', musl]) {
    try {
      const library = koffi.load(name);
      library.func('syscall', 'int', ['long']);
      return library;
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function declare(koffi: Koffi, library: Library, architecture: Architecture): SystemCalls {
  const pointer = 'uintptr_t';
  const size = 'size_t';
  // Variadic in C; on both processors Linux passes whole numbers the same way with and without the ellipsis.
  // musl's own sendmmsg is a loop around sendmsg, which is why both batches are asked of the kernel directly.
  const syscall = library.func('syscall', 'int', ['long', 'int', pointer, 'uint', 'int', 'long']);
  const registerRing = library.func('syscall', 'int', ['long', 'int', 'uint', pointer, 'uint']);
  const { recvmmsg, sendmmsg, bpf, schedSetattr } = architecture;
  const mmap = library.func('mmap', 'int64', [pointer, size, 'int', 'int', 'int', 'int64']);
  const mapped = (bytes: number, flags: number, fd: number, offset: number) =>
    Number(mmap(0, bytes, PROT_READ | PROT_WRITE, flags, fd, offset));
  return {
    architecture,
    errno: () => koffi.errno(),
    addressOf: (memory) => Number(koffi.address(memory)),
    socket: library.func('socket', 'int', ['int', 'int', 'int']),
    socketpair: library.func('socketpair', 'int', ['int', 'int', 'int', pointer]),
    bind: library.func('bind', 'int', ['int', pointer, 'uint']),
    connect: library.func('connect', 'int', ['int', pointer, 'uint']),
    listen: library.func('listen', 'int', ['int', 'int']),
    accept4: library.func('accept4', 'int', ['int', pointer, pointer, 'int']),
    shutdown: library.func('shutdown', 'int', ['int', 'int']),
    close: library.func('close', 'int', ['int']),
    fcntl: library.func('fcntl', 'int', ['int', 'int', 'int']),
    getsockname: library.func('getsockname', 'int', ['int', pointer, pointer]),
    setsockopt: library.func('setsockopt', 'int', ['int', 'int', 'int', pointer, 'uint']),
    getsockopt: library.func('getsockopt', 'int', ['int', 'int', 'int', pointer, pointer]),
    // These return ssize_t; every length used here fits into 31 bits.
    recv: library.func('recv', 'int', ['int', pointer, size, 'int']),
    send: library.func('send', 'int', ['int', pointer, size, 'int']),
    sendto: library.func('sendto', 'int', ['int', pointer, size, 'int', pointer, 'uint']),
    sendmsg: library.func('sendmsg', 'int', ['int', pointer, 'int']),
    recvmmsg: (fd, headers, count, flags) => syscall(recvmmsg, fd, headers, count, flags, 0),
    sendmmsg: (fd, headers, count, flags) => syscall(sendmmsg, fd, headers, count, flags, 0),
    epollCreate1: library.func('epoll_create1', 'int', ['int']),
    epollCtl: library.func('epoll_ctl', 'int', ['int', 'int', 'int', pointer]),
    epollWait: library.func('epoll_wait', 'int', ['int', pointer, 'int', 'int']),
    eventfd: library.func('eventfd', 'int', ['uint', 'int']),
    read: library.func('read', 'int', ['int', pointer, size]),
    write: library.func('write', 'int', ['int', pointer, size]),
    bpf: (command, attributes, bytes) => syscall(bpf, command, attributes, bytes, 0, 0),
    schedSetattr: (thread, attributes, flags) => syscall(schedSetattr, thread, attributes, flags, 0, 0),
    ioUringSetup: (entries, parameters) => syscall(SYS_io_uring_setup, entries, parameters, 0, 0, 0),
    ioUringEnter: (fd, submit, flags) => syscall(SYS_io_uring_enter, fd, submit, 0, flags, 0),
    ioUringRegister: (fd, operation, argument, count) =>
      registerRing(SYS_io_uring_register, fd, operation, argument, count),
    mapShared: (fd, bytes, offset) => mapped(bytes, MAP_SHARED | MAP_POPULATE, fd, offset),
    mapAnonymous: (bytes) => mapped(bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0),
    unmap: library.func('munmap', 'int', [pointer, size]),
    viewOf: (address, bytes) => koffi.view(BigInt(address), bytes),
  };
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0];
}
