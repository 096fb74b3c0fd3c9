// Threads of one process that has no descriptor left: each turns away who connects to it, whichever takes what when.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AcceptReserve } from '../../src/net/accept-reserve.ts';
import { errno } from '../../src/net/layouts.ts';
import { Stream, StreamSockets } from '../../src/net/stream-sockets.ts';
import { loadSystemCalls, type SystemCalls } from '../../src/net/system-calls.ts';

const { calls, reason } = loadSystemCalls();

/** A process with so many descriptors, and a listening socket on which somebody always waits. */
class Descriptors {
  readonly #open = new Set<number>();
  #most: number;
  /** Called whenever one is closed. */
  freed: (() => void) | undefined;
  accepted = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get left(): number {
    return this.#most - this.#open.size;
  }

  grow(by: number): void {
    this.#most += by;
  }

  close(fd: number): number {
    assert.ok(this.#open.delete(fd), `${fd} is not open`);
    this.freed?.();
    return 0;
  }

  get calls(): SystemCalls {
    const open = () => this.#take();
    return {
      ...calls!,
      errno: () => errno.EMFILE,
      eventfd: open,
      accept4: () => {
        const fd = open();
        if (fd >= 0) this.accepted++;
        return fd;
      },
      setsockopt: () => 0,
      close: (fd) => this.close(fd),
    };
  }

  #take(): number {
    for (let fd = 0; fd < this.#most; fd++) {
      if (this.#open.has(fd)) continue;
      this.#open.add(fd);
      return fd;
    }
    return -1;
  }
}

function threads(most: number, count: number) {
  const descriptors = new Descriptors(most);
  const shared = new Int32Array(new SharedArrayBuffer(AcceptReserve.words * 4));
  const sizes = { inputBytes: 4096, outputBytes: 4096 };
  const all = Array.from({ length: count }, () => new StreamSockets(descriptors.calls, shared, sizes));
  return { descriptors, shared, all };
}

const listener = 0;

describe('without a descriptor', { skip: calls ? false : reason }, () => {
  test('each thread turns away one after the other', () => {
    const { descriptors, all } = threads(2, 2);
    for (let i = 0; i < 20; i++)
      for (const thread of all) assert.equal(thread.accept(listener), Stream.turnedAway);
    assert.equal(descriptors.accepted, 40);
    assert.equal(descriptors.left, 0);
  });

  test('a connection is let in when there is one again', () => {
    const { descriptors, all } = threads(3, 2);
    const fd = all[0].accept(listener);
    assert.ok(fd >= 0);
    assert.equal(all[0].accept(listener), Stream.turnedAway);
    descriptors.close(fd);
    assert.ok(all[0].accept(listener) >= 0);
  });

  test('a reserve that another thread took is given back before anybody is let in', () => {
    const { descriptors, all } = threads(2, 2);
    const [first, second] = all;
    let stolen = -1;
    // In the moment in which the first one has given it up, the second, which knows nothing yet, accepts.
    descriptors.freed = () => {
      descriptors.freed = undefined;
      stolen = second.accept(listener);
    };
    assert.equal(first.accept(listener), Stream.exhausted);
    assert.ok(stolen >= 0);
    assert.equal(first.accept(listener), Stream.exhausted);
    assert.equal(second.accept(listener), Stream.turnedAway, 'it goes on with its own');
    descriptors.close(stolen);
    assert.equal(second.accept(listener), Stream.turnedAway, 'the last one is not its own');
    assert.equal(first.accept(listener), Stream.turnedAway);
    assert.equal(descriptors.left, 0);
    assert.equal(second.accept(listener), Stream.turnedAway);
  });

  test('where there are enough again, a thread without its reserve keeps nobody else out', () => {
    const { descriptors, all } = threads(2, 2);
    const stolen: number[] = [];
    descriptors.freed = () => {
      descriptors.freed = undefined;
      stolen.push(all[1].accept(listener));
    };
    assert.equal(all[0].accept(listener), Stream.exhausted);
    descriptors.grow(10);
    assert.ok(all[1].accept(listener) >= 0);
    assert.ok(all[0].accept(listener) >= 0);
  });

  test('a thread that ends without its reserve is waited for by nobody', () => {
    const { descriptors, all } = threads(2, 2);
    let stolen = -1;
    descriptors.freed = () => {
      descriptors.freed = undefined;
      stolen = all[1].accept(listener);
    };
    assert.equal(all[0].accept(listener), Stream.exhausted);
    all[0].release();
    descriptors.close(stolen);
    assert.ok(all[1].accept(listener) >= 0);
  });

  test('who finds another accepting waits for its turn, and not for ever', () => {
    const { shared, all } = threads(1, 1);
    shared[0] = 1;
    assert.equal(all[0].accept(listener), Stream.wait);
    shared[0] = 0;
    assert.equal(all[0].accept(listener), Stream.turnedAway);
  });
});
