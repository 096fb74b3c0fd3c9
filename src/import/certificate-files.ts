// Where another tracker's certificate and key lie: paths that it found from where it was started become whole ones.
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Place } from './findings.ts';
import type { Transfer } from './transfer.ts';

export interface NamedFile {
  value: unknown;
  place: Place;
}

/**
 * Takes both files.
 * @param source the configuration; relative paths are looked for beside it, and then from here
 * @param but what else is different about them
 */
export function takeCertificateFiles(
  transfer: Transfer,
  source: string,
  files: { cert: NamedFile; key: NamedFile },
  but?: string,
): void {
  for (const name of ['cert', 'key'] as const) {
    const { place } = files[name];
    const path = String(files[name].value);
    const whole = wholePath(path, dirname(source));
    const moved = isAbsolute(path) ? undefined : 'it was relative to where that tracker was started';
    const why = [but, moved].filter((text) => text !== undefined).join('; ');
    transfer.take(place, { [name]: whole }, why === '' ? undefined : why);
  }
}

function wholePath(path: string, directory: string): string {
  const places = [resolve(directory, path), resolve(path)];
  return places.find((place) => existsSync(place)) ?? places[0];
}
