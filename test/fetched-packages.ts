// Packages that no distribution has, fetched in fixed versions to directories outside the project that test runs share.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function directoryOf(name: string, version: string, ...more: string[]): string {
  return join(tmpdir(), `caracal-test-${name}-${version}`, ...more);
}

/** The whole directory appears at once, so that two runs do not see half of it. */
export function fetchOnce(directory: string, fetch: (fresh: string) => boolean): void {
  if (existsSync(directory)) return;
  const fresh = mkdtempSync(join(tmpdir(), 'caracal-fetch-'));
  if (fetch(fresh) && !existsSync(directory)) renameSync(fresh, directory);
  else rmSync(fresh, { recursive: true, force: true });
}

/** A wheel of PyPI and nothing that it depends on; `platform`: for another system than this, as wheels name it. */
export function fetchFromPyPI(name: string, version: string, platform?: string): void {
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
  const system = platform === undefined ? [] : ['--platform', platform];
  fetchOnce(directoryOf(name, version), (fresh) =>
    succeeds('python3', [
      '-m',
      'pip',
      'install',
      ...quiet,
      ...system,
      '--target',
      fresh,
      `${name}==${version}`,
    ]),
  );
}

export function succeeds(command: string, words: readonly string[]): boolean {
  return spawnSync(command, words, { timeout: 120_000, stdio: 'ignore' }).status === 0;
}
