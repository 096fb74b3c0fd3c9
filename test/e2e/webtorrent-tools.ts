// Fetches the WebTorrent clients that no distribution packages, in fixed versions, to a directory outside the project that runs share.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const webtorrentVersion = '3.0.21';
const libtorrentVersion = '2.1.1';

/** The bundle for browsers alone is taken out of the package: it needs none of its dependencies. */
export const webtorrentBundle = directoryOf(
  'webtorrent',
  webtorrentVersion,
  'package',
  'dist',
  'webtorrent.min.js',
);
/** For PYTHONPATH. Debian's package is built without WebRTC. */
export const libtorrentDirectory = directoryOf('libtorrent', libtorrentVersion);

function directoryOf(name: string, version: string, ...more: string[]): string {
  return join(tmpdir(), `caracal-test-${name}-${version}`, ...more);
}

/** A reason to skip, or false: both are there now, or this is CI, where a test shall fail instead. */
export function skipWithoutWebTorrent(): string | false {
  fetchOnce(directoryOf('webtorrent', webtorrentVersion), (fresh) => {
    const words = [
      'pack',
      `webtorrent@${webtorrentVersion}`,
      '--ignore-scripts',
      '--silent',
      '--pack-destination',
      fresh,
    ];
    if (!succeeds('npm', words)) return false;
    return succeeds('tar', [
      '-xzf',
      join(fresh, `webtorrent-${webtorrentVersion}.tgz`),
      '-C',
      fresh,
      'package/dist',
    ]);
  });
  fetchOnce(libtorrentDirectory, (fresh) => {
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    return succeeds('python3', [
      '-m',
      'pip',
      'install',
      ...quiet,
      '--target',
      fresh,
      `libtorrent==${libtorrentVersion}`,
    ]);
  });
  if ((existsSync(webtorrentBundle) && existsSync(libtorrentDirectory)) || process.env.CI === 'true')
    return false;
  return 'npm or pip could not fetch the WebTorrent clients';
}

/** The whole directory appears at once, so that two runs do not see half of it. */
function fetchOnce(directory: string, fetch: (fresh: string) => boolean): void {
  if (existsSync(directory)) return;
  const fresh = mkdtempSync(join(tmpdir(), 'caracal-fetch-'));
  if (fetch(fresh) && !existsSync(directory)) renameSync(fresh, directory);
  else rmSync(fresh, { recursive: true, force: true });
}

function succeeds(command: string, words: readonly string[]): boolean {
  return spawnSync(command, words, { timeout: 120_000, stdio: 'ignore' }).status === 0;
}
