// The JSON answers of the admin door: their shapes, which the API answers, its description and its tests share.

import { z } from 'zod';
import {
  type RefusalReason,
  refusalTitles,
  type TransportName,
  transportNames,
} from '../transport/transports.ts';

const count = z.int().min(0);
const rate = z.number().min(0).describe('per second');
const timeMs = z.number().describe('milliseconds since 1970');
const seconds = z.number().min(0).describe('seconds');
const infoHash = z.string().regex(/^[0-9a-f]{40}$/);
const transport = z.enum(transportNames as [TransportName, ...TransportName[]]);
const families = <T extends z.ZodType>(of: T) => z.strictObject({ ipv4: of, ipv6: of });
const inAndOut = <T extends z.ZodType>(of: T) => z.strictObject({ in: of, out: of });

/**
 * How peers are reached, with titles: at an address of a family, or through their connection with the tracker
 * (WebTorrent). Whoever shows or adds up peers goes through these.
 */
export const peerKinds = { ipv4: 'IPv4', ipv6: 'IPv6', webrtc: 'WebRTC' } as const;

const reached = z.strictObject({ ipv4: count, ipv6: count, webrtc: count });

export const percentilesSchema = z.strictObject({ p50: seconds, p95: seconds, p99: seconds });

export const listenerSchema = z.strictObject({
  transport,
  family: z.enum(['ipv4', 'ipv6']),
  address: z.string(),
  port: z.int().min(0).max(65535),
  answering: z.boolean().describe('its last announce to itself was answered'),
  checked_at: timeMs.nullable(),
  answer_seconds: seconds.nullable(),
  fault: z.string().nullable(),
});

export const transportStatsSchema = z.strictObject({
  transport,
  announces: families(count).describe('answered since the start'),
  announce_rate: families(rate),
  events: z.strictObject({
    none: count,
    completed: count,
    started: count,
    stopped: count,
    paused: count,
  }),
  early_announces: count.describe('answered with few peers, because the peer came back before min interval'),
  scrapes: count,
  scrape_rate: rate,
  bytes: inAndOut(count).describe('since the start: payloads of datagrams, whole streams of connections'),
  byte_rate: inAndOut(rate),
  packets: inAndOut(count)
    .nullable()
    .describe('datagrams since the start; null over TCP, of which the kernel makes packets'),
  packet_rate: inAndOut(rate).nullable(),
  latency: percentilesSchema.nullable().describe('time in the tracker, over the last ten seconds'),
  connections: count,
  more: z
    .array(z.strictObject({ title: z.string(), count }))
    .describe('since the start: what only this transport counts'),
});

const refused = z.strictObject(
  Object.fromEntries(
    Object.entries(refusalTitles).map(([reason, title]) => [reason, count.describe(title)]),
  ) as Record<RefusalReason, typeof count>,
);

export const snapshotSchema = z.strictObject({
  saved_at: timeMs.nullable(),
  duration_seconds: seconds,
  bytes: count,
  failure: z.string().nullable(),
});

export const statsSchema = z.strictObject({
  at: timeMs,
  version: z.string(),
  host: z.string().describe('the name of the machine'),
  started_at: timeMs,
  transports: z.array(transportStatsSchema),
  announce_rate: rate,
  swarms: count,
  peers: z.strictObject({
    seeders: reached,
    leechers: reached,
  }),
  refused,
  refused_rate: rate,
  dropped: z.strictObject({ kernel: count, unsent: count, exceptions: count }),
  dropped_rate: rate,
  evictions: count,
  memory: z.strictObject({
    swarms: count.describe('bytes that swarms take'),
    limit: count,
    resident: count.describe('bytes of the whole process'),
  }),
  cpu: z.number().min(0).describe('cores in use over the last second'),
  listeners: z.array(listenerSchema),
  ready: z.boolean(),
  snapshot: snapshotSchema.nullable(),
  certificates: z.array(z.strictObject({ name: z.string(), not_after: timeMs, days_left: z.number() })),
  survey_at: timeMs.nullable().describe('when the lists of swarms, clients and networks were completed'),
});

/** Of what the background survey found: when, and how much it has looked at. */
const surveyHead = {
  completed_at: timeMs.nullable(),
  started_at: timeMs.nullable(),
  swarms: count,
  peers: count,
  sampled_every: z
    .int()
    .min(1)
    .describe(
      'above 1: all swarms of more than 128 peers of a family were looked at, one in so many of the others and of ' +
        'the peers; counts are scaled to all',
    ),
};

export const topSwarmsSchema = z.strictObject({
  ...surveyHead,
  top: z.array(
    z.strictObject({ info_hash: infoHash, complete: count, incomplete: count, downloaded: count }),
  ),
});

export const swarmSizesSchema = z.strictObject({
  ...surveyHead,
  sizes: z.array(z.strictObject({ from: count, to: count.nullable(), swarms: count })),
});

export const clientsSchema = z.strictObject({
  ...surveyHead,
  clients: z.array(
    z.strictObject({
      prefix: z.string(),
      name: z.string(),
      peers: count,
      versions: z.array(z.strictObject({ version: z.string(), peers: count })),
    }),
  ),
});

export const networksSchema = z.strictObject({
  ...surveyHead,
  truncated: z.boolean(),
  too_low_by_at_most: count,
  ipv4: z.array(z.strictObject({ network: z.string(), peers: count })),
  ipv6: z.array(z.strictObject({ network: z.string(), peers: count })),
});

export const swarmSchema = z.strictObject({
  info_hash: infoHash,
  known: z.boolean(),
  complete: count,
  incomplete: count,
  downloaded: count,
  webrtc: z
    .strictObject({ complete: count, incomplete: count })
    .describe('those of the counts above that are reached over a WebSocket only'),
  peers: z
    .array(
      z.strictObject({
        address: z.string().nullable(),
        port: z.int().min(0).max(65535).describe('0 for WebRTC, which has none'),
        family: z.enum(['ipv4', 'ipv6']),
        webrtc: z
          .boolean()
          .describe('a connection of a WebTorrent client, with the first 8 bytes of an IPv6 address'),
        seeder: z.boolean(),
        client: z.string(),
      }),
    )
    .nullable()
    .describe('only with the token; at most 200, of seeders and leechers as many as there are of both'),
});

export const historySchema = z.strictObject({
  range: z.enum(['hour', 'day', 'week']),
  from: z.int(),
  step: z.int().min(1),
  series: z.record(z.string(), z.array(z.number().nullable())),
});

export const listenersSchema = z.strictObject({ listeners: z.array(listenerSchema) });

export const configurationSchema = z.strictObject({
  options: z.array(z.strictObject({ name: z.string(), value: z.string(), origin: z.string() })),
});

export const announceUrlsSchema = z.strictObject({
  urls: z.array(z.string()),
  public: z.boolean().describe('named by --domain; otherwise by the name or address of the machine'),
});

export const logSchema = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        at: timeMs,
        level: z.enum(['warn', 'error']),
        message: z.string(),
        fields: z.array(z.string()).nullable().describe('only with the token'),
      }),
    )
    .describe('the last warnings and errors, the newest first; at most 100'),
});

const itemsSchema = z.strictObject({ count, shown: z.array(z.string()) });
export const deniedSchema = z.strictObject({ info_hashes: itemsSchema, networks: itemsSchema });
const carried = z.strictObject({ messages: count, bytes: count, records: count });
export const clusterSchema = z
  .strictObject({
    node: z.string(),
    ready: z.boolean().describe('it has caught up with the others, or there was nobody to catch up with'),
    engine: z.strictObject({ reached: z.boolean(), fault: z.string().nullable(), waiting_bytes: count }),
    sent: carried.describe('since the start, as everything below'),
    received: carried,
    gaps: count.describe('how often messages of other nodes were lost'),
    rejected: count.describe('messages that were damaged, signed with another secret, or of another version'),
    comparisons: count,
    mended: count.describe('peers that were added or changed by comparisons'),
    stale: count.describe('news that were older than what was known'),
    nodes: z.array(
      z.strictObject({
        node: z.string(),
        alive: z.boolean(),
        age_seconds: seconds.describe('since it said something of itself'),
        version: z.string().nullable(),
        ready: z.boolean(),
        peers: count,
        lag_seconds: seconds.nullable().describe('how long its last message was under way to this node'),
        byte_rate: inAndOut(rate).describe('from and to the engine'),
        mended: count,
        webtorrent_peers: count,
      }),
    ),
  })
  .nullable();
export const doneSchema = z.strictObject({ done: z.string() });
export const errorSchema = z.strictObject({ error: z.string() });
export const healthSchema = z.strictObject({ status: z.enum(['live', 'ready', 'not ready']) });

export type Stats = z.infer<typeof statsSchema>;
export type TransportStats = z.infer<typeof transportStatsSchema>;
export type ListenerState = z.infer<typeof listenerSchema>;
export type Percentiles = z.infer<typeof percentilesSchema>;
export type Cluster = z.infer<typeof clusterSchema>;
export type Denied = z.infer<typeof deniedSchema>;
export type TopSwarms = z.infer<typeof topSwarmsSchema>;
export type SwarmSizes = z.infer<typeof swarmSizesSchema>;
export type Clients = z.infer<typeof clientsSchema>;
export type Networks = z.infer<typeof networksSchema>;
export type SwarmDetail = z.infer<typeof swarmSchema>;
export type HistoryAnswer = z.infer<typeof historySchema>;
export type AnnounceUrls = z.infer<typeof announceUrlsSchema>;
export type LogAnswer = z.infer<typeof logSchema>;
export type ConfigurationAnswer = z.infer<typeof configurationSchema>;
