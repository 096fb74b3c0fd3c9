// Checks scrapes: BEP 48 over HTTP, BEP 15 over UDP, and that they count the same peers as announces do.

import type { ScrapedTorrent } from '../asking/tracker-answer.ts';
import type { Endpoint } from '../network/name-lookup.ts';
import { TrackerError } from '../network/tracker-error.ts';
import { scrapeUrlOf } from '../network/tracker-url.ts';
import { leechersText, seedsText } from '../report/wording.ts';
import { type Examination, withVisitors } from './examination.ts';

export async function checkScrape(examination: Examination, endpoint: Endpoint): Promise<void> {
  const subject = `${endpoint.address}, scrape`;
  if (!scrapeUrlOf(examination.url)) {
    const advice = 'end the announce URL in /announce, so that clients can find the scrape URL';
    examination.warn('bep48', subject, 'the announce URL has no scrape form (BEP 48)', advice);
    return;
  }
  const visitor = examination.createVisitor(endpoint);
  const infoHash = examination.createInfoHash();
  await withVisitors([visitor], async () => {
    const { answer } = await visitor.announce(infoHash, 'started');
    try {
      const scraped = await visitor.scrape([infoHash]);
      if (scraped.failureReason !== null) throw new TrackerError(`refused: ${scraped.failureReason}`);
      judgeScrape(examination, subject, scraped.torrents, infoHash, answer.incomplete);
      for (const oddity of scraped.compliance) {
        examination.warn(
          'scrape-answer',
          subject,
          `the answer is odd: ${oddity}`,
          'write the answer as BEP 48 says',
        );
      }
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      examination.warn(
        'bep48',
        subject,
        `no scrape: ${error.message}`,
        'answer scrapes: clients ask before they announce',
      );
    }
  });
}

function judgeScrape(
  examination: Examination,
  subject: string,
  torrents: readonly ScrapedTorrent[],
  infoHash: Uint8Array,
  announced: number | null,
): void {
  const wanted = Buffer.from(infoHash).toString('hex');
  const torrent = torrents.find((candidate) => candidate.infoHash === wanted);
  if (!torrent) {
    examination.fail(
      'bep48',
      subject,
      'the torrent that was asked for is not in the answer',
      'key the answer by the 20 bytes of the info_hash',
    );
    return;
  }
  const seen = `${seedsText(torrent.complete)}, ${leechersText(torrent.incomplete)}, downloaded ${torrent.downloaded ?? '-'}`;
  if (torrent.incomplete === announced)
    examination.pass('bep48', subject, `scrape and announce agree: ${seen}`);
  else {
    const message = `the scrape says ${seen}, the announce just before ${leechersText(announced)}`;
    examination.warn('bep48', subject, message, 'count scrapes and announces from the same swarm');
  }
  if (!isHttp(examination)) return;
  if (torrent.downloaders !== null)
    examination.pass('downloaders', subject, 'scrapes name downloaders (BEP 21)');
  else examination.skip('downloaders', subject, 'scrapes do not name downloaders (BEP 21, optional)');
}

/** Only HTTP has a place for downloaders. */
function isHttp({ url }: Examination): boolean {
  return url.scheme === 'http' || url.scheme === 'https';
}

export async function checkFullScrape(examination: Examination, endpoint: Endpoint): Promise<void> {
  // UDP has no way to ask for all torrents.
  if (examination.url.scheme === 'udp' || !scrapeUrlOf(examination.url)) return;
  const subject = `${endpoint.address}, full scrape`;
  const visitor = examination.createVisitor(endpoint);
  try {
    const { failureReason, torrentCount } = await visitor.scrape([]);
    if (failureReason !== null) examination.pass('full-scrape', subject, `refused: ${failureReason}`);
    else if (torrentCount === 0) examination.pass('full-scrape', subject, 'nothing is listed');
    else {
      const advice = 'refuse it, unless everybody may know which torrents there are';
      examination.warn(
        'full-scrape',
        subject,
        `lists ${torrentCount === 1 ? 'its only torrent' : `all ${torrentCount} torrents`} to anyone`,
        advice,
      );
    }
  } catch (error) {
    if (!(error instanceof TrackerError)) throw error;
    examination.pass('full-scrape', subject, `not answered: ${error.message}`);
  }
}
