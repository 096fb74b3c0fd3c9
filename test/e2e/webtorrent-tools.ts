// The WebTorrent clients that no distribution packages, in fixed versions.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { directoryOf, fetchFromPyPI, fetchOnce, succeeds } from '../fetched-packages.ts';

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
  fetchFromPyPI('libtorrent', libtorrentVersion);
  if ((existsSync(webtorrentBundle) && existsSync(libtorrentDirectory)) || process.env.CI === 'true')
    return false;
  return 'npm or pip could not fetch the WebTorrent clients';
}
