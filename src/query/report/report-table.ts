// Knows how the result of one query looks to a person: lines of text with a little colour.

import { formatCount } from '../../cli/format-count.ts';
import {
  type AnnounceAnswer,
  type AnnounceResult,
  type ListedPeer,
  peerCountOf,
  type ScrapeResult,
} from '../asking/tracker-answer.ts';
import { padToWidth } from '../terminal/display-width.ts';
import type { Line, Span, Style } from '../terminal/terminal.ts';
import { formatLoss, formatMs, formatSeconds, speedOf } from './wording.ts';

const labelColumns = 18;

export interface TableOptions {
  showPeers: boolean;
  lookup: boolean;
}

export function announceLines(result: AnnounceResult, options: TableOptions): Line[] {
  const { answer } = result;
  const head: Line[] = [
    field('Tracker', styled(result.tracker, 'bold')),
    ...effortLines(result),
    ...result.redirects.map(({ status, to }) => redirectLine(status, to)),
  ];
  if (!answer) return [...head, field('Error', styled(result.error ?? 'no answer', 'bad'))];
  const lines = [...head, ...answerLines(answer, result)];
  if (answer.failureReason !== null) return [...lines, ...complianceLines(answer.compliance)];
  lines.push(
    ...countLines(answer),
    requestedLine(answer, result.numwant, options.showPeers),
    ...complianceLines(answer.compliance),
  );
  if (options.showPeers) lines.push(...peerLines(answer, options.lookup));
  return lines;
}

type Effort = Pick<AnnounceResult, 'responseTimeMs' | 'steps' | 'loss'>;

/** How long it took, where the time went, and what was lost on the way. */
function effortLines({ responseTimeMs, steps, loss }: Effort): Line[] {
  const lines: Line[] = [];
  if (responseTimeMs !== null) {
    const { tier, style } = speedOf(responseTimeMs);
    lines.push(field('Response time', `${formatMs(responseTimeMs)} (`, styled(tier, style), ')'));
  }
  if (steps.length > 0) {
    lines.push(field('Of which', steps.map(({ name, ms }) => `${name} ${formatMs(ms)}`).join(', ')));
  }
  // A single request is answered or not, which the rest says already.
  if (loss.sent > (loss.unit === 'request' ? 1 : 0)) {
    lines.push(field('Lost', styled(formatLoss(loss), loss.lost > 0 ? 'warning' : 'good')));
  }
  return lines;
}

function redirectLine(status: number, to: string): Line {
  return field('Redirected', styled(`(${status}) to ${to.replace(/\?.*/s, '')}`, 'warning'));
}

function answerLines(answer: AnnounceAnswer, { address }: AnnounceResult): Line[] {
  const lines: Line[] = [];
  if (address !== null) lines.push(field('Answered from', address));
  if (answer.warningMessage !== null) lines.push(field('Warning', styled(answer.warningMessage, 'warning')));
  if (answer.failureReason !== null) lines.push(field('Failure', styled(answer.failureReason, 'bad')));
  if (answer.externalIp !== null) lines.push(field('External IP', answer.externalIp));
  if (answer.trackerId !== null) lines.push(field('Tracker ID', answer.trackerId));
  return lines;
}

function countLines(answer: AnnounceAnswer): Line[] {
  return [
    field('Interval', secondsOrDash(answer.interval)),
    field('Min interval', secondsOrDash(answer.minInterval)),
    field('Seeds', styled(orDash(answer.complete), 'good')),
    field('Leechers', styled(orDash(answer.incomplete), 'accent')),
    field('Times downloaded', orDash(answer.downloaded)),
    ...(answer.webrtcPeers === null
      ? [
          field('IPv4 peers', `${answer.ipv4Peers} (${formatCount(answer.ipv4Bytes, 'byte')})`),
          field('IPv6 peers', `${answer.ipv6Peers} (${formatCount(answer.ipv6Bytes, 'byte')})`),
        ]
      : []),
  ];
}

function requestedLine(answer: AnnounceAnswer, numwant: number, showPeers: boolean): Line {
  if (answer.webrtcPeers !== null) {
    return field('WebRTC peers', showPeers ? `${answer.webrtcPeers} heard of` : 'not asked for (-p)');
  }
  if (numwant < 0) return field('Requested', 'as many as the tracker likes');
  const respected = peerCountOf(answer) <= numwant;
  const verdict = respected ? styled('respected', 'good') : styled('ignores num_want', 'warning');
  return field('Requested', `${numwant} (`, verdict, ')');
}

function complianceLines(compliance: readonly string[]): Line[] {
  return compliance.map((sentence) => field('Compliance', styled(sentence, 'warning')));
}

export function peerLines(answer: AnnounceAnswer, lookup: boolean): Line[] {
  const count = peerCountOf(answer);
  if (count === 0) return [[''], ['No peers.']];
  const digits = String(answer.peers.length).length;
  const addressColumns = Math.max(...answer.peers.map(({ ip }) => Math.min(ip.length, 45)));
  const lines: Line[] = [[''], [styled(`Peers (${count})`, 'bold')]];
  for (const [index, peer] of answer.peers.entries()) {
    lines.push(peerLine(peer, `${index + 1}`.padStart(digits + 2), addressColumns, lookup));
  }
  if (count > answer.peers.length) lines.push([`  ... and ${count - answer.peers.length} more`]);
  return lines;
}

function peerLine(peer: ListedPeer, number: string, addressColumns: number, lookup: boolean): Line {
  if (peer.type === 'webrtc') return [`${number}  `, styled('[webrtc]', 'dim'), `  ${peer.peerId ?? ''}`];
  const line: Span[] = [
    `${number}  ${padToWidth(peer.ip, addressColumns)}  ${String(peer.port).padStart(5)}  `,
  ];
  const last = peer.peerId === null && !lookup;
  line.push(styled(last ? `[${peer.type}]` : padToWidth(`[${peer.type}]`, 13), 'dim'));
  if (peer.peerId !== null) line.push(`  ${peer.peerId}`);
  if (lookup) line.push('  ', styled(peer.hostname ?? '(no name)', 'dim'));
  return line;
}

export function scrapeLines(result: ScrapeResult): Line[] {
  const lines: Line[] = [
    field('Tracker', styled(result.tracker, 'bold')),
    field('Scrape URL', result.scrapeUrl),
    ...effortLines(result),
  ];
  if (result.error !== undefined) lines.push(field('Error', styled(result.error, 'bad')));
  if (result.failureReason !== null) lines.push(field('Failure', styled(result.failureReason, 'bad')));
  if (result.minRequestInterval !== null) {
    lines.push(field('Min interval', formatSeconds(result.minRequestInterval)));
  }
  lines.push(...complianceLines(result.compliance));
  if (result.answered && result.failureReason === null) lines.push(...torrentLines(result));
  return lines;
}

function torrentLines({ torrents, torrentCount }: ScrapeResult): Line[] {
  const lines: Line[] = [
    field('Torrents', String(torrentCount)),
    [''],
    [
      styled(
        `${'Info hash'.padEnd(40)} ${'Seeds'.padStart(8)} ${'Leechers'.padStart(8)} ${'Downloaded'.padStart(10)}`,
        'bold',
      ),
    ],
  ];
  for (const torrent of torrents) {
    const { infoHash, complete, incomplete, downloaded, downloaders, name } = torrent;
    const line: Span[] = [
      `${infoHash.padEnd(40)} `,
      styled(orDash(complete).padStart(8), 'good'),
      ' ',
      styled(orDash(incomplete).padStart(8), 'accent'),
      ` ${orDash(downloaded).padStart(10)}`,
    ];
    if (downloaders !== null && downloaders !== incomplete)
      line.push(styled(`  ${downloaders} downloading`, 'dim'));
    if (name !== null) line.push(`  ${name}`);
    lines.push(line);
  }
  if (torrentCount > torrents.length) lines.push([`... and ${torrentCount - torrents.length} more`]);
  return lines;
}

function field(label: string, ...value: Span[]): Line {
  return [styled(padToWidth(label, labelColumns), 'dim'), ...value];
}

function styled(text: string, style: Style): Span {
  return { text, style };
}

function orDash(count: number | null): string {
  return count === null ? '-' : String(count);
}

function secondsOrDash(seconds: number | null): string {
  return seconds === null ? '-' : formatSeconds(seconds);
}
