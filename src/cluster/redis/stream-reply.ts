// How the entries of a stream come back from the server, and how their ids compare.

/** Milliseconds of the server's clock, and a number within them. */
export interface StreamId {
  readonly ms: number;
  readonly number: number;
}

export interface StreamEntry {
  readonly id: StreamId;
  readonly bytes: Uint8Array;
}

/** Of an answer to XREAD of one stream: `[[key, [[id, [field, value]], …]]]`, or null when nothing came. */
export function parseEntries(reply: unknown): StreamEntry[] {
  const streams = reply as [Buffer, [Buffer, Buffer[]][]][] | null;
  const entries = streams?.[0]?.[1] ?? [];
  return entries.map(([id, fields]) => ({ id: parseId(id.toString()), bytes: fields[1] }));
}

export function parseId(text: string): StreamId {
  const [ms, number = '0'] = text.split('-');
  return { ms: Number(ms), number: Number(number) };
}

export function formatId({ ms, number }: StreamId): string {
  return `${ms}-${number}`;
}

export function isBefore(a: string, b: string): boolean {
  const [first, second] = [parseId(a), parseId(b)];
  return first.ms < second.ms || (first.ms === second.ms && first.number < second.number);
}
