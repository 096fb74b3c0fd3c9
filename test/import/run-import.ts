// Runs caracal import on files of a new directory, and says what it wrote and told.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runImport } from '../../src/import/run-import.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

export interface Imported {
  code: number;
  /** A line each, with DIR for the directory. */
  told: string[];
  directory: string;
  /** Settings in force, a line each. */
  settings: string[];
  /** Lines of a list without its comments; undefined when it was not written. */
  listOf(name: 'allowed' | 'denied'): string[] | undefined;
}

/** @param words after the files, which are named in the order in which they stand, all of them or those of `names` */
export async function importFiles(
  from: string,
  files: Readonly<Record<string, string>>,
  { names = Object.keys(files), words = [] as string[], directory = temporaryDirectory('import') } = {},
): Promise<Imported> {
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text.replaceAll('DIR', directory));
  let told = '';
  const paths = names.map((name) => join(directory, name));
  const code = await runImport(['--from', from, ...paths, '--to', directory, ...words], {
    stdout: () => {},
    stderr: (text) => {
      told += text;
    },
  });
  const linesOf = (name: string) => {
    const path = join(directory, name);
    if (!existsSync(path)) return undefined;
    const lines = readFileSync(path, 'utf8').replaceAll(directory, 'DIR').split('\n');
    return lines.filter((line) => line !== '' && !line.startsWith('#'));
  };
  return {
    code,
    told: told.replaceAll(directory, 'DIR').split('\n').slice(0, -1),
    directory,
    settings: linesOf('tracker.toml') ?? [],
    listOf: linesOf,
  };
}
