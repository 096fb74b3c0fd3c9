// Relations of constants hold where the constants stand: a wrong edit of one is an error when the module is loaded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** A compiled file, a line of it, and what somebody might make of that line. */
const wrongEdits: [file: string, line: string, edited: string][] = [
  ['cluster/counts-message', 'leechers: 24, size: 28', 'leechers: 24, size: 32'],
  ['cluster/record-layout', 'downloaded: 21, size: 25', 'downloaded: 21, size: 24'],
  ['cluster/record-layout', 'infoHash: 3, address: 23', 'infoHash: 3, address: 24'],
  ['cluster/record-layout', 'total: 64', 'total: 96'],
  ['cluster/wire', 'records: 38', 'records: 36'],
  ['protocol/connection-id', 'const acceptedEpochs = 3', 'const acceptedEpochs = 4'],
  ['swarm/block', 'const countedFlag = 0x2000', 'const countedFlag = 0x1000'],
  ['swarm/connection-key', 'fifth: 3, size: 4', 'fifth: 3, size: 5'],
  ['swarm/connection-visit', 'const seatBits = 22', 'const seatBits = 31'],
  ['swarm/connection-visit', 'family: 4, size: 5', 'family: 4, size: 6'],
  ['swarm/info-hash-table', 'const tagBits = 5', 'const tagBits = 6'],
  ['swarm/info-hash-table', 'const entryShift = 3', 'const entryShift = 4'],
  ['swarm/info-hash-table', 'const tagShift = maxTableBits', 'const tagShift = maxTableBits + 1'],
  ['swarm/layout', 'journalLost: 61', 'journalLost: 60'],
  ['swarm/layout', 'maxJournalPages: 56', 'maxJournalPages: 64'],
  ['swarm/layout', 'const scopeMask = 0x30000000', 'const scopeMask = 0x70000000'],
  ['swarm/sampler', 'const portUnit4 = 2', 'const portUnit4 = 3'],
  ['swarm/size-classes', 'const peerUnits4 = 3', 'const peerUnits4 = 4'],
  ['swarm/size-classes', 'const usualBlockPeers = 128', 'const usualBlockPeers = 100'],
  ['swarm/snapshot-format', 'headerSum: 22', 'headerSum: 21'],
  ['swarm/tick', 'const aheadTicks = 256', 'const aheadTicks = 4096'],
  ['tracker/decision-table', 'infoHash: 1, reason: 6', 'infoHash: 1, reason: 5'],
  ['tracker/decision-table', 'const asks = 1024', 'const asks = 1000'],
  ['tracker/token-buckets', 'const renewedAt = 3', 'const renewedAt = 2'],
  ['tracker/token-buckets', 'const sets = 4096', 'const sets = 4000'],
  ['tracker/token-buckets', 'const rowWords = 4', 'const rowWords = 5'],
  ['tracker/token-buckets', 'const maxTokens = 0xffff', 'const maxTokens = 0x1ffff'],
  ['tracker/token-buckets', 'const longRest = 0x7fff', 'const longRest = 0xffff'],
  ['transport/answer-stats', 'const answerStatsLength = 40', 'const answerStatsLength = 24'],
  ['transport/http/connection-table', 'const countBits = 15', 'const countBits = 16'],
  ['transport/udp/udp-xdp', 'const batch = 64', 'const batch = 4096'],
  ['transport/webtorrent/mailboxes', 'const tailAt = lineWords', 'const tailAt = 1'],
  ['transport/webtorrent/mailboxes', 'const fewestRingBytes = 8192', 'const fewestRingBytes = 8190'],
  ['transport/webtorrent/offer-names', 'offerId: 10, place: 15', 'offerId: 10, place: 14'],
  ['transport/webtorrent/outstanding-offers', 'const firstSets = 64', 'const firstSets = 60'],
  ['net/xdp/packet-head', 'const vlanBytes = 4', 'const vlanBytes = 6'],
  ['net/xdp/packet-head', 'source: 3, target: 4', 'source: 2, target: 3'],
  ['net/xdp/xdp-handle', 'const headroom = 2', 'const headroom = 4000'],
  ['net/xdp/xdp-handle', 'const ringFrames = 2048', 'const ringFrames = 2000'],
  ['net/xdp/xdp-socket', 'options: 3, size: 4', 'options: 3, size: 3'],
];

/** Loads the module with one line changed; its imports are those of the file. */
function loadEdited(file: string, line: string, edited: string): Promise<unknown> {
  const url = new URL(`../src/${file}.js`, import.meta.url);
  const code = readFileSync(url, 'utf8');
  assert.equal(code.split(line).length, 2, `${file} has '${line}' once`);
  const moved = code
    .replace(line, () => edited)
    .replace(/(from|import) '(\.[^']+)'/g, (_, word, path) => `${word} '${new URL(path, url).href}'`)
    .replace(/^\/\/# sourceMappingURL=.*$/m, '');
  return import(`data:text/javascript,${encodeURIComponent(moved)}`);
}

for (const [file, line, edited] of wrongEdits) {
  test(`${file} is not loaded with ${edited}`, async () => {
    await loadEdited(file, line, line);
    await assert.rejects(loadEdited(file, line, edited), RangeError);
  });
}
