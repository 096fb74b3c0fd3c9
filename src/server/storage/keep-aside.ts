// What becomes of a file that this program cannot read because another version wrote it: nobody writes over it.
import { existsSync, renameSync } from 'node:fs';

export interface KeptAside {
  from: string;
  version: number;
  to: string;
}

/**
 * Gives the file another name, which nothing has yet.
 * @param what why, as the name is to say: a version, or a word
 * @throws the system's error; the file is where it was then
 */
export function keepAside(path: string, what: number | string): { from: string; to: string } {
  const name = `${path}.${typeof what === 'number' ? `version-${what}` : what}`;
  let to = name;
  for (let n = 2; existsSync(to); n++) to = `${name}.${n}`;
  renameSync(path, to);
  return { from: path, to };
}
