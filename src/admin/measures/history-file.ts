// How the history outlives a restart: one file, written whole beside the old one and then put in its place.

import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { type History, type HistoryRing, historySeriesNames } from './history.ts';

const magicWord = 'caracal history';
/** To be raised when anything but the list of series changes. */
const version = 1;
const magic = `${magicWord} ${version}`;

/**
 * Writes the file; it is complete or it is the old one.
 * @throws the operating system's error
 */
export async function writeHistory(path: string, history: History): Promise<void> {
  const rings = [history.seconds, history.minutes];
  const head = Buffer.from(
    `${JSON.stringify({ magic, series: historySeriesNames, rings: rings.map(({ step, rows }) => ({ step, rows })) })}\n`,
  );
  const parts = rings.flatMap(({ steps, values }) => [bytesOf(steps), bytesOf(values)]);
  const temporary = `${path}.new`;
  await writeFile(temporary, Buffer.concat([head, ...parts]), { mode: 0o600 });
  await rename(temporary, path);
}

/**
 * Reads what `writeHistory` wrote into an empty history; series that are new since then stay empty. A file of another
 * version is kept aside.
 * @throws Error when the file is damaged, of another version or cannot be read; a missing file is no error
 */
export async function readHistory(path: string, history: History): Promise<void> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return;
  const headEnd = bytes.subarray(0, 4096).indexOf(10);
  const head = headEnd < 0 ? undefined : (JSON.parse(bytes.toString('utf8', 0, headEnd)) as Partial<Head>);
  const other = new RegExp(`^${magicWord} (\\d+)$`).exec(head?.magic ?? '')?.[1];
  if (other !== undefined && other !== String(version)) {
    const aside = `${path}.version-${other}`;
    // An older one that is kept already stays, too.
    const kept = existsSync(aside) ? `${aside}-${Date.now()}` : aside;
    await rename(path, kept);
    throw new Error(`it was written by version ${other}, this is ${version}; it is kept as ${kept}`);
  }
  if (head?.magic !== magic || !Array.isArray(head.series) || !Array.isArray(head.rings)) {
    throw new Error('it is no history of this program');
  }
  let at = headEnd + 1;
  for (const [index, ring] of [history.seconds, history.minutes].entries()) {
    const { step, rows } = head.rings[index] ?? { step: 0, rows: 0 };
    const width = head.series.length;
    const length = rows * 8 + rows * width * 4;
    if (step !== ring.step || rows !== ring.rows || at + length > bytes.length) {
      throw new Error('it is damaged');
    }
    // A copy, because typed arrays want to begin at a multiple of their elements' size.
    const part = bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + length);
    restore(ring, new Float64Array(part, 0, rows), new Float32Array(part, rows * 8), head.series);
    at += length;
  }
}

interface Head {
  magic: string;
  series: string[];
  rings: { step: number; rows: number }[];
}

function restore(ring: HistoryRing, steps: Float64Array, values: Float32Array, series: string[]): void {
  const from = historySeriesNames.map((name) => series.indexOf(name));
  for (let row = 0; row < ring.rows; row++) {
    if (steps[row] === 0) continue;
    ring.put(
      steps[row],
      from.map((column) => (column < 0 ? Number.NaN : values[row * series.length + column])),
    );
  }
}

function bytesOf(array: Float64Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
