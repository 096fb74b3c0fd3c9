// Where snapshots lie in the data directory, and how a new one takes the place of the last without a moment of neither.
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SwarmStore } from '../../swarm/swarm-store.ts';
import { flushDirectory } from './file-access.ts';
import { type KeptAside, keepAside } from './keep-aside.ts';
import { snapshotClock } from './snapshot-clock.ts';

export interface SavedSnapshot {
  peers: number;
  bytes: number;
  durationMs: number;
}

export interface SaveOptions {
  /** Asked before each section; true ends the saving, and nothing has changed. */
  cancelled?: () => boolean;
  /** Called after each section, which is about a MiB. */
  wrote?: () => void;
}

export interface LoadedSnapshots {
  peers: number;
  expired: number;
  refused: number;
  /** Stretches of files that had to be skipped, and files that ended early or could not be read. */
  damaged: number;
  /** Files that something came from: the last snapshot, and where it was damaged the one before it. */
  files: number;
  /** Files of another version of the format, which are kept aside. */
  otherVersions: KeptAside[];
  /** Why a file could not be read, if so. */
  unreadable: string[];
  durationMs: number;
}

/** Between two flushes: at the end of a large file one alone would take longer than a disk that has failed is waited for. */
const sectionsPerFlush = 64;

const fileName = 'swarms.snapshot';
// The same name for every process: what one left behind when it was killed, the next one writes over.
const asideName = `${fileName}.new`;
const generations = [fileName, `${fileName}.previous`] as const;

/**
 * Writes the whole store beside the last snapshot, flushes it and puts it in the last one's place, which becomes the
 * previous one. Blocks its thread. `undefined` when it was cancelled.
 * @throws the system's error; the last snapshot is as it was then
 */
export function saveSnapshot(
  store: SwarmStore,
  directory: string,
  { cancelled = () => false, wrote = () => {} }: SaveOptions = {},
): SavedSnapshot | undefined {
  const start = performance.now();
  const [last, previous] = generations.map((name) => join(directory, name)) as [string, string];
  const aside = join(directory, asideName);
  const encoder = store.createSnapshotEncoder();
  const file = openSync(aside, 'w', 0o600);
  try {
    for (let sections = 1; ; sections++) {
      const section = encoder.next(snapshotClock());
      if (section === undefined) break;
      writeAll(file, section);
      if (sections % sectionsPerFlush === 0) fsyncSync(file);
      wrote();
      if (cancelled()) {
        rmSync(aside);
        return undefined;
      }
    }
    fsyncSync(file);
  } catch (error) {
    // Gives the space back, which is what was missing as a rule.
    rmSync(aside, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  keepAsPrevious(last, previous);
  renameSync(aside, last);
  flushDirectory(directory);
  return { peers: encoder.peers, bytes: encoder.bytes, durationMs: performance.now() - start };
}

/** Adds what the last snapshot holds to the store, and what it lacks from the one before. Never throws. */
export function loadSnapshots(store: SwarmStore, directory: string): LoadedSnapshots {
  const start = performance.now();
  const loaded: LoadedSnapshots = {
    peers: 0,
    expired: 0,
    refused: 0,
    damaged: 0,
    files: 0,
    otherVersions: [],
    unreadable: [],
    durationMs: 0,
  };
  for (const [generation, name] of generations.entries()) {
    const intact = loadFile(store, join(directory, name), generation === 0, loaded);
    if (intact) break;
  }
  loaded.durationMs = performance.now() - start;
  return loaded;
}

/** When the last snapshot was written, as ms of Unix time; 0 when there is none. */
export function lastSavedAt(directory: string): number {
  return statSync(join(directory, fileName), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Takes away what a save that did not come to its end has left behind. */
export function removeUnfinished(directory: string): void {
  try {
    rmSync(join(directory, asideName), { force: true });
  } catch {
    // Whoever saves next says what is in the way.
  }
}

/** True when the file is whole. */
function loadFile(store: SwarmStore, path: string, overwrite: boolean, loaded: LoadedSnapshots): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const decoder = store.createSnapshotDecoder((target) => readSync(file!, target));
    const found = decoder.decode(snapshotClock(), overwrite);
    if (found.otherVersion !== undefined) {
      loaded.otherVersions.push({ version: found.otherVersion, ...keepAside(path, found.otherVersion) });
      return false;
    }
    loaded.files++;
    loaded.peers += found.peers;
    loaded.expired += found.expired;
    loaded.refused += found.refused;
    loaded.damaged += found.damaged > 0 || found.complete ? found.damaged : 1;
    return found.complete && found.damaged === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      loaded.damaged++;
      loaded.unreadable.push((error as Error).message);
    }
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

// A second name first, so that the last snapshot keeps its own until the new one takes it over.
function keepAsPrevious(last: string, previous: string): void {
  rmSync(previous, { force: true });
  try {
    linkSync(last, previous);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    // A file system without hard links.
    renameSync(last, previous);
  }
}
