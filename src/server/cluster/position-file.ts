// Where in the engine's row the swarms on disk end, so that a node that comes back reads on from there.
//
// A snapshot is taken while the row goes on, so what counts is where it was when the snapshot was begun: what was read
// since is read again, and changes nothing.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '../storage/private-file.ts';

const fileName = 'cluster.position';
/** Of what a process had read that another one takes over, while that is done. */
const handedOverName = 'cluster.handed-over';
const mostRemembered = 1000;
const cautionMs = 2000;

export class PositionFile {
  readonly #path: string;
  readonly #handedOverPath: string;
  readonly #passed: { at: number; position: string }[] = [];
  #savedAt = 0;

  constructor(directory: string) {
    this.#path = join(directory, fileName);
    this.#handedOverPath = join(directory, handedOverName);
    // From a takeover that came to nothing.
    rmSync(this.#handedOverPath, { force: true });
  }

  /** `undefined` where nothing usable was written. */
  read(): string | undefined {
    return readPosition(this.#path);
  }

  /** Where another process, which copies the swarms from this one, is to read on. */
  handOver(position: string): void {
    this.#write(this.#handedOverPath, position);
  }

  /** Where the process was whose swarms this one has copied; only once. */
  takeHandedOver(): string | undefined {
    const position = readPosition(this.#handedOverPath);
    rmSync(this.#handedOverPath, { force: true });
    return position;
  }

  /** The row has been read up to here. @param now milliseconds since 1970 */
  pass(position: string, now: number): void {
    this.#passed.push({ at: now, position });
    if (this.#passed.length > mostRemembered) this.#passed.shift();
  }

  /**
   * Writes down where the row was when the last snapshot was begun, unless that is written.
   * @param savedAt seconds since 1970, when it was complete
   */
  noteSaved(savedAt: number, durationMs: number): void {
    if (savedAt === this.#savedAt) return;
    this.#savedAt = savedAt;
    const begun = savedAt * 1000 - durationMs - cautionMs;
    const last = this.#passed.findLast(({ at }) => at <= begun);
    if (last) this.#write(this.#path, last.position);
  }

  /** The last snapshot holds everything that was read. */
  noteEnd(position: string): void {
    this.#write(this.#path, position);
  }

  #write(path: string, position: string): void {
    try {
      writePrivateFile(path, Buffer.from(`${position}\n`));
    } catch {
      // Without it the node compares everything when it comes back.
      rmSync(path, { force: true });
    }
  }
}

function readPosition(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[\x21-\x7e]{1,100}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
