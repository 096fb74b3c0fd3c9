// Runs the transport contract over HTTP: compact and dictionaries, IPv4 and IPv6.
import { decodeCompactPeers, formatPeer } from '../../../src/protocol/compact-peers.ts';
import { decodeHttpAnnounceReply, decodeHttpScrapeReply } from '../../../src/protocol/http-client-replies.ts';
import { formatHttpAnnounce, formatHttpScrape } from '../../../src/protocol/http-client-requests.ts';
import { formatLatin1 } from '../../../src/protocol/latin1.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import {
  type ContractAnnounce,
  type ContractReply,
  describeTransport,
  type TransportDriver,
} from '../contract.ts';
import { startHttp } from './http-tracker.ts';
import { RawHttp } from './raw-http.ts';

async function startDriver(tracker: Tracker, host: string, compact: boolean): Promise<TransportDriver> {
  const { port, transport } = await startHttp({ tracker, host });
  const addressPrefix = host === '::1' ? '[::1]:' : `${host}:`;

  async function get(target: string): Promise<Buffer> {
    const connection = await RawHttp.open(port, host);
    connection.send(`GET ${target} HTTP/1.1\r\nHost: tracker\r\nConnection: close\r\n\r\n`);
    const reply = await connection.reply();
    connection.close();
    if (reply?.status !== 200) throw new Error(`status ${reply?.status}`);
    return reply.body;
  }

  async function announce(question: ContractAnnounce): Promise<ContractReply> {
    const query = formatHttpAnnounce({ ...question, uploaded: 0, downloaded: 0, compact });
    const reply = decodeHttpAnnounceReply(await get(`/announce?${query}`));
    if (reply.failureReason !== undefined) throw new Error(reply.failureReason);
    const list = Array.isArray(reply.peers)
      ? reply.peers.map((peer) =>
          peer.ip.includes(':') ? `[${peer.ip}]:${peer.port}` : `${peer.ip}:${peer.port}`,
        )
      : [
          ...decodeCompactPeers(reply.peers ?? new Uint8Array(0), 4)!,
          ...decodeCompactPeers(reply.peers6 ?? new Uint8Array(0), 6)!,
        ].map(formatPeer);
    return {
      complete: reply.complete!,
      incomplete: reply.incomplete!,
      interval: reply.interval!,
      peers: list,
    };
  }

  return {
    addressPrefix,
    announce,
    async scrape(infoHashes) {
      const reply = decodeHttpScrapeReply(await get(`/scrape?${formatHttpScrape(infoHashes)}`));
      if (reply.failureReason !== undefined) throw new Error(reply.failureReason);
      const byHash = new Map(reply.files.map((file) => [formatLatin1(file.infoHash), file]));
      return infoHashes.map((infoHash) => {
        const found = byHash.get(formatLatin1(infoHash));
        if (found === undefined) return undefined;
        const { complete, downloaded, incomplete } = found;
        return { complete: complete!, downloaded: downloaded!, incomplete: incomplete! };
      });
    },
    close: () => transport.close(0),
  };
}

describeTransport('HTTP, compact, IPv4', (tracker) => startDriver(tracker, '127.0.0.1', true));
describeTransport('HTTP, compact, IPv6', (tracker) => startDriver(tracker, '::1', true));
describeTransport('HTTP, dictionaries, IPv4', (tracker) => startDriver(tracker, '127.0.0.1', false));
