// How lists are written in files: one item a line, blank lines and comments after #; read in pieces, so that a million
// lines hold up no request.

import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { quoteForLog } from '../../cli/escape-for-log.ts';
import { parseCidr } from '../../protocol/cidr.ts';
import { infoHashWords } from '../../protocol/info-hash.ts';
import { type AddressList, AddressListBuilder } from '../../tracker/address-list.ts';
import { InfoHashList } from '../../tracker/info-hash-list.ts';

/** Names the file, the line and what is wrong with it. */
export class ListFileError extends Error {
  override readonly name = 'ListFileError';
}

const hashesPerTurn = 4096;
const pieceBytes = 32 * 1024;
/** No item and comment needs more; a file without line ends must not be collected whole. */
const longestLine = 4096;
const none: ReadonlySet<string> = new Set();

/**
 * Reads info_hashes, 40 hexadecimal digits each (or the 64 of a v2 torrent, of which trackers use the first 40).
 * @param paths one or several, which make one list
 * @param mayMiss of them those that are empty when they are not there
 * @throws ListFileError, or the system's error when a file cannot be read
 */
export async function readInfoHashList(
  paths: string | readonly string[],
  hashKey: Int32Array,
  mayMiss: ReadonlySet<string> = none,
): Promise<InfoHashList> {
  let hashes = new Int32Array(infoHashWords * 1024);
  let used = 0;
  const take = (item: string) => {
    if (used === hashes.length) {
      const larger = new Int32Array(used * 2);
      larger.set(hashes);
      hashes = larger;
    }
    if (!parseInfoHash(item, hashes, used)) return 'is not an info_hash of 40 hexadecimal digits';
    used += infoHashWords;
    return undefined;
  };
  for (const path of [paths].flat()) await readLines(path, take, mayMiss.has(path));
  const list = InfoHashList.create(used / infoHashWords, hashKey);
  for (let at = 0; at < used; at += infoHashWords) {
    if (at % (hashesPerTurn * infoHashWords) === 0) await nextTurn();
    list.add(hashes, at);
  }
  return list;
}

/**
 * One list of all networks given; each item is a network or the path of a file of them.
 * @throws as `readInfoHashList`
 */
export async function readAddressList(
  items: readonly string[],
  mayMiss: ReadonlySet<string> = none,
): Promise<AddressList> {
  const list = new AddressListBuilder();
  for (const item of items) {
    const network = parseCidr(item);
    if (network !== undefined) list.add(network);
    else await readNetworks(item, list, mayMiss.has(item));
  }
  const steps = list.build();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    await nextTurn();
  }
}

async function readNetworks(path: string, list: AddressListBuilder, mayMiss: boolean): Promise<void> {
  const take = (item: string) => {
    const network = parseCidr(item);
    if (network === undefined) return 'is neither an address nor a network such as 192.0.2.0/24';
    list.add(network);
    return undefined;
  };
  await readLines(path, take, mayMiss);
}

/** Hands each item to `take`, which says what is wrong with it. @param mayMiss whether a file that is not there is an empty one */
export async function readLines(
  path: string,
  take: (item: string) => string | undefined,
  mayMiss = false,
): Promise<void> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (mayMiss && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return;
  let number = 0;
  let rest = '';
  const takeLine = (line: string) => {
    number++;
    const comment = line.indexOf('#');
    const item = (comment < 0 ? line : line.slice(0, comment)).trim();
    const fault = item === '' ? undefined : take(item);
    if (fault !== undefined) throw new ListFileError(`${path}:${number}: ${quoteForLog(item)} ${fault}`);
  };
  try {
    const buffer = Buffer.alloc(pieceBytes);
    while (true) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, null);
      if (bytesRead === 0) break;
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop()!;
      for (const line of lines) takeLine(line);
      if (rest.length > longestLine) throw new ListFileError(`${path}:${number + 1}: the line is too long`);
    }
    if (rest !== '') takeLine(rest);
  } finally {
    await file.close();
  }
}

/** Writes the words of an info_hash at `at`; false when the text is none. */
export function parseInfoHash(text: string, words: Int32Array, at: number): boolean {
  if (text.length !== 40 && text.length !== 64) return false;
  for (let i = 40; i < text.length; i++) if (digitOf(text, i) < 0) return false;
  for (let word = 0; word < infoHashWords; word++) {
    let value = 0;
    for (let byte = 0; byte < 4; byte++) {
      const high = digitOf(text, word * 8 + byte * 2);
      const low = digitOf(text, word * 8 + byte * 2 + 1);
      if (high < 0 || low < 0) return false;
      value |= ((high << 4) | low) << (byte * 8);
    }
    words[at + word] = value;
  }
  return true;
}

function digitOf(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
