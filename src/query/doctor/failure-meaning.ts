// Knows what trackers mean when they refuse an announce: their words are free, but there are few reasons.
import type { Diagnosis } from './diagnosis.ts';

interface Reason {
  pattern: RegExp;
  /** A tracker that works as it is meant to refuses so: no fault of it. */
  meant: boolean;
  means: string;
  advice: string;
}

// The first that matches counts.
const reasons: readonly Reason[] = [
  {
    pattern:
      /pass.?key|auth.?key|torrent.?pass|log.?in|unknown user|user.*(not|disabled)|invalid.*key|not a member|private tracker/i,
    meant: true,
    means: 'a private tracker wants its user’s key',
    advice: 'use the announce URL with your own key',
  },
  {
    pattern: /client|user.?agent|peer.?id|browser|qbittorrent|version/i,
    meant: true,
    means: 'it keeps our kind of client out, which is qBittorrent 5.1.4',
    advice:
      'nothing is wrong with the torrent; when this is not meant, correct the tracker’s list of clients',
  },
  {
    pattern: /banned|blocked|black.?list|forbidden|denied|your ip|ip address|not allowed from/i,
    meant: true,
    means: 'it keeps this machine’s address out',
    advice: 'ask the operator, or try from another network',
  },
  {
    pattern:
      /too (many|often|fast|frequent)|slow down|\brate\b|\blimit|try again|busy|overload|min.*interval/i,
    meant: true,
    means: 'a limit on the number of requests is reached',
    advice: 'wait some minutes; when it stays so, raise the limit or look at the load',
  },
  {
    pattern:
      /torrent|info.?hash|unregistered|not (registered|found|authori[sz]ed|in whitelist|known|tracked)|unauthori[sz]ed|download is not|unknown hash/i,
    meant: true,
    means: 'it serves only certain torrents',
    advice: 'name one of them with -H, and it is examined further',
  },
  {
    pattern: /database|sql|internal|exception|error \d|maintenance|offline|timeout/i,
    meant: false,
    means: 'it has a fault inside',
    advice: 'look at the log of the tracker',
  },
];

export interface FailureMeaning extends Diagnosis {
  meant: boolean;
}

/** `own`: the torrent was named with -H. */
export function meaningOf(words: string, own: boolean): FailureMeaning {
  const reason = reasons.find(({ pattern }) => pattern.test(words));
  const said = `it answers, and refuses: ${words}`;
  if (!reason) {
    const advice = 'these are the tracker’s own words: ask its operator, or look into its log';
    return { id: 'refused', message: said, advice, meant: false };
  }
  const aboutTorrent = reason.means === 'it serves only certain torrents';
  if (own && aboutTorrent) {
    const advice = 'the tracker does not know this torrent: is it registered there?';
    return { id: 'refused', message: said, advice, meant: false };
  }
  return { id: 'refused', message: `${said} (${reason.means})`, advice: reason.advice, meant: reason.meant };
}
