// Where in the engine's row the swarms on disk end, so that a node that comes back reads on from there.
//
// A snapshot is taken while the row goes on, so what counts is where it was when the snapshot was begun: what was read
// since is read again, and changes nothing.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '../storage/private-file.ts';

const fileName = 'cluster.position';
const mostRemembered = 1000;
const cautionMs = 2000;

export class PositionFile {
  readonly #path: string;
  readonly #passed: { at: number; position: string }[] = [];
  #savedAt = 0;

  constructor(directory: string) {
    this.#path = join(directory, fileName);
  }

  /** `undefined` where nothing usable was written. */
  read(): string | undefined {
    try {
      const text = readFileSync(this.#path, 'utf8').trim();
      return /^[\x21-\x7e]{1,100}$/.test(text) ? text : undefined;
    } catch {
      return undefined;
    }
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
    if (last) this.#write(last.position);
  }

  /** The last snapshot holds everything that was read. */
  noteEnd(position: string): void {
    this.#write(position);
  }

  #write(position: string): void {
    try {
      writePrivateFile(this.#path, Buffer.from(`${position}\n`));
    } catch {
      // Without it the node compares everything when it comes back.
      rmSync(this.#path, { force: true });
    }
  }
}
