// Packages of npm that only these tests need: fetched once into a cache of this user's, and unpacked where a test wants them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'caracal-tests');

/** Where the package is unpacked; undefined when the registry cannot be reached. `range`: such as `^22`. */
export function npmPackage(name: string, range: string): string | undefined {
  const place = join(cache, `${name.replaceAll('/', '+')}@${range}`);
  if (existsSync(place)) return place;
  mkdirSync(cache, { recursive: true });
  // Unpacked aside and renamed, so that a test that is broken off leaves nothing that looks whole.
  const aside = mkdtempSync(join(cache, 'new-'));
  const options = { cwd: aside, encoding: 'utf8', timeout: 120_000 } as const;
  const packed = spawnSync('npm', ['pack', '--silent', `${name}@${range}`], options);
  const [archive] = readdirSync(aside).filter((file) => file.endsWith('.tgz'));
  const isThere =
    packed.status === 0 && archive !== undefined && spawnSync('tar', ['-xzf', archive], options).status === 0;
  if (isThere) renameSync(join(aside, 'package'), place);
  rmSync(aside, { recursive: true, force: true });
  return isThere ? place : undefined;
}

/** Why a test is skipped that needs what cannot be fetched; where everything must be there, that is a failure. */
export function notFetched(name: string): string {
  if (process.env.CI === 'true') throw new Error(`${name} cannot be fetched`);
  return `${name} cannot be fetched`;
}
