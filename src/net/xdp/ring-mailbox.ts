// Tells a thread, asleep in its loop or not, which rings are its own: numbers in shared memory, as it hears no messages.
import { ringKinds, type XdpCopying, type XdpHandle } from './xdp-handle.ts';

/** More queues for one thread than that no machine has. */
const mostRings = 16;
/** What an XdpHandle says of itself, and of each of its rings. */
const ownNumbers = 3;
const ringNumbers = 6;
const handleNumbers = ownNumbers + ringKinds.length * ringNumbers;
const generationAt = 0;
const countAt = 1;
const first = 2;

/** One a thread; the main thread writes, and the thread looks when it is woken. */
export class RingMailbox {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Float64Array;
  readonly #generation: Int32Array;

  /** Hand `buffer` to another thread and make another of these there. */
  constructor(buffer = new SharedArrayBuffer((first + mostRings * handleNumbers) * 8)) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer);
    this.#generation = new Int32Array(buffer, generationAt * 8, 1);
  }

  /** How often something was written. */
  get generation(): number {
    return Atomics.load(this.#generation, 0);
  }

  /** Replaces what was written; to be followed by a wake. @throws RangeError when they are too many */
  write(handles: readonly XdpHandle[]): void {
    if (handles.length > mostRings) throw new RangeError(`one thread serves at most ${mostRings} queues`);
    const numbers = this.#numbers;
    numbers[countAt] = handles.length;
    handles.forEach(({ fd, copying, memory, rings }, index) => {
      const places = rings.flatMap((ring) => [
        ring.address,
        ring.bytes,
        ring.producer,
        ring.consumer,
        ring.items,
        ring.flags,
      ]);
      numbers.set([fd, copyings.indexOf(copying), memory, ...places], first + index * handleNumbers);
    });
    Atomics.add(this.#generation, 0, 1);
  }

  read(): XdpHandle[] {
    return Array.from({ length: this.#numbers[countAt] }, (_, index) => {
      const at = first + index * handleNumbers;
      const [fd, copying, memory, ...places] = this.#numbers.subarray(at, at + handleNumbers);
      const rings = Array.from(ringKinds, (_, ring) => {
        const [address, bytes, producer, consumer, items, flags] = places.slice(ring * ringNumbers);
        return { address, bytes, producer, consumer, items, flags };
      });
      return { fd, copying: copyings[copying], memory, rings };
    });
  }
}

const copyings: readonly XdpCopying[] = ['zero-copy', 'copy'];
