// What WebTorrent says of itself as a transport.
import type { TransportDescription } from '../description.ts';

const counter = (name: string, help: string, of: string) => ({
  name: `tracker_webtorrent_${name}_total`,
  help,
  read: ({ own }: { own: Readonly<Record<string, number>> }) => own[of] ?? 0,
});

export const webtorrent = {
  name: 'webtorrent',
  title: 'WebTorrent',
  refusals: {
    origin_not_allowed: 'Web page not allowed',
    too_many_websockets: 'Too many WebSockets',
    bad_handshake: 'Request for a WebSocket that is none',
    protocol_error: 'WebSocket frame or message too large or wrong',
    unresponsive: 'No answer to a ping',
    slow_message: 'Message came too slowly',
    slow_reader: 'Client does not read',
    unmatched_answer: 'Answer to no offer of the last minutes',
  },
  metrics: [
    counter('offers_relayed', 'WebRTC offers sent on to a peer.', 'offersRelayed'),
    counter('offers_unsent', 'WebRTC offers for which there was no peer, or none any more.', 'offersUnsent'),
    counter('answers_relayed', 'WebRTC answers sent back to who made the offer.', 'answersRelayed'),
    counter(
      'letters_dropped',
      'Messages for a connection of another thread whose ring was full.',
      'lettersDropped',
    ),
    counter('connections_plain_opened', 'WebSockets opened without TLS.', 'plainOpened'),
    counter('connections_secure_opened', 'WebSockets opened over TLS.', 'secureOpened'),
  ],
} as const satisfies TransportDescription;
