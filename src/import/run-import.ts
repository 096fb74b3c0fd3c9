// caracal import: reads what was named, writes what comes of it, and tells of every line.
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { escapeForLog } from '../cli/escape-for-log.ts';
import { UsageError } from '../cli/usage-error.ts';
import { readConfiguration } from '../server/options/configuration.ts';
import type { Source } from './entries.ts';
import { formatRemark, formatSettings } from './format-settings.ts';
import { readImportWords } from './import-program.ts';
import { mergeListeners } from './listeners.ts';
import { readText } from './read-text.ts';
import { collectLists, formatList, isList, type ListKind } from './torrent-lists.ts';
import { type OtherTrackerName, otherTrackers } from './trackers.ts';
import { Transfer } from './transfer.ts';

export interface Streams {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

/** Resolves to the exit code: 0 when it was written, 1 when it could not be, 2 when the words or files are at fault. */
export async function runImport(words: readonly string[], { stdout, stderr }: Streams): Promise<number> {
  const say = (line: string) => stderr(`${escapeForLog(line)}\n`);
  try {
    const read = readImportWords(words);
    if (read.print !== undefined) {
      stdout(read.print);
      return 0;
    }
    await importFiles(read, say);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      for (const line of error.lines) say(`caracal import: ${line}`);
      return 2;
    }
    if (!isSystemError(error)) throw error;
    say(`caracal import: ${error.message}`);
    return 1;
  }
}

interface Import {
  from: OtherTrackerName;
  files: readonly string[];
  to: string;
  force: boolean;
}

async function importFiles({ from, files, to, force }: Import, say: (line: string) => void): Promise<void> {
  const sources = files.map(readSource);
  const transfer = new Transfer();
  await otherTrackers[from].read(
    sources.filter((source) => !isList(source)),
    transfer,
  );
  const lists = collectLists(sources.filter(isList), transfer);
  const directory = resolve(to);
  for (const kind of lists.keys()) {
    const place = transfer.lists.find((list) => list.kind === kind)?.place ?? {
      file: 'the list that was named',
      text: '',
    };
    const path = join(directory, kind);
    transfer.take(place, kind === 'allowed' ? { 'allow-list': path } : { 'deny-list': path });
  }
  mergeListeners(transfer);
  transfer.settle();
  const written = write(directory, force, formatSettings(from, transfer), lists);
  for (const remark of transfer.remarks) say(formatRemark(remark));
  for (const warning of written.warnings) say(`look at this: ${warning}`);
  const count = (wanted: string) => transfer.remarks.filter(({ verdict }) => verdict === wanted).length;
  say(
    `${count('taken')} taken, ${count('differs')} differ, ${count('no counterpart')} without a counterpart`,
  );
  for (const [kind, { size }] of lists)
    say(`written: ${join(directory, kind)} (${size} ${size === 1 ? 'info_hash' : 'info_hashes'})`);
  say(
    `written: ${written.settings}; look through it, and then: caracal --config ${written.settings} --check`,
  );
}

function readSource(path: string): Source {
  try {
    return { path, text: readText(path) };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const why = error.code === 'EISDIR' ? 'it is a directory' : error.message;
    throw new UsageError(`cannot read ${path}: ${why}`, { cause: error });
  }
}

/** The settings last, and only when the tracker takes them. */
function write(
  directory: string,
  force: boolean,
  text: string,
  lists: ReadonlyMap<ListKind, ReadonlySet<string>>,
): { settings: string; warnings: readonly string[] } {
  const settings = join(directory, 'tracker.toml');
  const there = [settings, ...[...lists.keys()].map((kind) => join(directory, kind))].filter((path) =>
    existsSync(path),
  );
  if (there.length > 0 && !force)
    throw new UsageError(
      `${there.join(' and ')} ${there.length === 1 ? 'is' : 'are'} there already; --force overwrites`,
    );
  // One level: what is missing above it is a mistake in its name.
  if (!existsSync(directory)) mkdirSync(directory);
  else if (!statSync(directory).isDirectory()) throw new UsageError(`--to ${directory} is no directory`);
  const fresh = `${settings}.${process.pid}.new`;
  try {
    writeFileSync(fresh, text);
    const configuration = readConfiguration(['--config', fresh], {});
    for (const [kind, hashes] of lists) writeFileSync(join(directory, kind), formatList(kind, hashes));
    renameSync(fresh, settings);
    return { settings, warnings: configuration.print === undefined ? configuration.warnings : [] };
  } finally {
    rmSync(fresh, { force: true });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
