// Directories for the files of one test process, gone when the process is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directories: string[] = [];

/** The path of a new, empty directory that only this user may read; it goes however the tests end. */
export function temporaryDirectory(purpose: string): string {
  if (directories.length === 0) {
    process.once('exit', () => {
      for (const path of directories) rmSync(path, { recursive: true, force: true });
    });
  }
  const directory = mkdtempSync(join(tmpdir(), `caracal-${purpose}-`));
  directories.push(directory);
  return directory;
}
