// What this node knows of what operators of the cluster refuse, as it is kept on disk: with it a node that comes back does
// only what is new.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '../storage/private-file.ts';

const fileName = 'cluster.lists';

export class ListRecordFile {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, fileName);
  }

  /** `undefined` where there is none that can be read. */
  read(): string | undefined {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return undefined;
    }
  }

  /** @throws Error where it cannot be written */
  write(record: string): void {
    writePrivateFile(this.#path, Buffer.from(record));
  }
}
