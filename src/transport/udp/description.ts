// What UDP says of itself as a transport.

import type { ListeningDescription } from '../description.ts';
import { shieldRefusals } from './xdp-counts.ts';

export const udp = {
  name: 'udp',
  title: 'UDP',
  socket: 'datagram',
  port: { default: 6969 },
  scheme: 'udp',
  listening: (where) => `UDP tracker listening on ${where}`,
  opener: new URL('./udp-opener.js', import.meta.url),
  refusals: shieldRefusals,
  metrics: [
    {
      name: 'tracker_datagrams_received_total',
      help: 'UDP datagrams read.',
      read: ({ packets }) => packets?.in ?? 0,
    },
    {
      name: 'tracker_datagrams_sent_total',
      help: 'UDP datagrams that the kernel took to send.',
      read: ({ packets }) => packets?.out ?? 0,
    },
    {
      name: 'tracker_datagrams_dropped_total',
      help: 'UDP datagrams that the kernel dropped because they came faster than they were read.',
      read: ({ droppedByKernel }) => droppedByKernel,
    },
    {
      name: 'tracker_bad_connection_ids_total',
      help: 'UDP requests with a connection_id that is wrong or too old.',
      read: ({ refused }) => refused.bad_connection_id ?? 0,
    },
    {
      name: 'tracker_xdp_received_total',
      help: 'UDP datagrams taken from the queues of network cards (--xdp).',
      title: "Taken from network cards' queues",
      read: ({ own }) => own.xdpTaken ?? 0,
    },
    {
      name: 'tracker_xdp_sent_total',
      help: 'UDP datagrams sent through the queues of network cards.',
      title: "Sent through network cards' queues",
      read: ({ own }) => own.xdpSent ?? 0,
    },
    {
      name: 'tracker_xdp_without_ring_total',
      help: 'UDP datagrams left to the sockets because no thread read the queue that they came by.',
      title: 'Left to sockets, as no thread read the queue',
      read: ({ own }) => own.xdpWithoutRing ?? 0,
    },
    {
      name: 'tracker_xdp_connects_answered_total',
      help: 'UDP connects that the shield answered in the kernel, as more came than threads are given.',
      title: 'Connects answered in the kernel',
      read: ({ own }) => own.xdpAnswered ?? 0,
    },
    {
      name: 'tracker_xdp_ring_full_total',
      help: 'UDP datagrams dropped because the ring of a queue was full.',
      title: 'Dropped, as the ring of a queue was full',
      read: ({ own }) => own.xdpRingFull ?? 0,
    },
    {
      name: 'tracker_xdp_no_frame_total',
      help: 'Times that a queue had no free frame to receive into.',
      title: 'Times that a queue had no free frame',
      read: ({ own }) => own.xdpNoFrame ?? 0,
    },
  ],
} as const satisfies ListeningDescription;
