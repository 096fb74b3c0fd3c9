// Which changes of this node's store are news to the others, and how they are told.

import type { PeerNews } from '../swarm/peer-news.ts';
import type { Merge } from './merge.ts';
import { createRecord } from './record-layout.ts';
import type { MessageWriter } from './wire.ts';

const record = createRecord();

/**
 * Writes what the journal holds until the message is full or there is no more.
 * @param now milliseconds of the monotonic clock
 * @returns whether there may be more
 */
export function writeNews(news: PeerNews, merge: Merge, writer: MessageWriter, now: number): boolean {
  const seconds = Math.floor(now / 1000);
  while (writer.hasRoom) {
    if (!news.next(seconds)) return false;
    tell(news, merge, writer, now);
  }
  return true;
}

function tell(news: PeerNews, merge: Merge, writer: MessageWriter, now: number): void {
  // Another node told of it last. Where it stopped here all the same, that came in between, and is older.
  const isOthers = news.isThere && news.remote && !news.asked;
  const isGone = news.stopped && (!news.isThere || isOthers);
  // Nobody said that it goes: it was evicted, or made room, since its name was noted.
  const isUnknown = !news.isThere && !news.stopped;
  if ((isOthers || isUnknown) && !isGone && !news.completed) return;
  record.infoHash.set(news.infoHash);
  record.address.set(news.address);
  record.family = news.family;
  record.port = news.port;
  record.seeder = news.isThere && news.seeder;
  record.partial = news.isThere && news.partial;
  // Only who completes is told as counted: two names of one peer are looked up with what has become of it in the end.
  record.counted = record.completed = news.completed;
  record.gone = isGone;
  record.stays = news.stays && news.isThere && !isGone && !news.completed;
  record.age = news.isThere && !isGone ? news.age : 0;
  if (isUnknown) record.seeder = true;
  writer.peer(record);
  if (isGone && isOthers) merge.news(record, now, 1, now);
  else if (!isOthers) merge.noteOwn(record, isGone, now);
}
