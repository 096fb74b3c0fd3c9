// What can be asked at the admin door: each path once, with what it needs, answers and is described by.

import type { z } from 'zod';
import {
  announceUrlsSchema,
  clientsSchema,
  clusterSchema,
  configurationSchema,
  deniedSchema,
  doneSchema,
  healthSchema,
  historySchema,
  listenersSchema,
  logSchema,
  networksSchema,
  statsSchema,
  swarmSchema,
  swarmSizesSchema,
  topSwarmsSchema,
} from '../schema.ts';
import type { Api } from './api.ts';
import type { Answer, Question } from './question.ts';

export interface QueryParameter {
  name: string;
  description: string;
  schema: object;
}

export interface Route {
  method: 'GET' | 'POST';
  /** With `{info_hash}` where 40 hexadecimal digits stand. */
  path: string;
  summary: string;
  /** Answered only to who has shown the token, or comes through the UNIX socket. */
  trustedOnly?: true;
  query?: QueryParameter[];
  /** Statuses that it answers besides 200 and those that any question may get. */
  otherStatuses?: Record<number, string>;
  schema?: z.ZodType;
  contentType?: string;
  /** Undefined for the stream of events, which the server itself serves. */
  answer?: (api: Api, question: Question) => Answer | Promise<Answer>;
}

const networkQuery: QueryParameter[] = [
  {
    name: 'network',
    description: 'an address or a network such as 192.0.2.0/24',
    schema: { type: 'string' },
  },
];

const json = (body: unknown): Answer => ({ body });

export const routes: readonly Route[] = [
  {
    method: 'GET',
    path: '/health/live',
    summary: 'Whether the process answers at all.',
    schema: healthSchema,
    answer: () => json({ status: 'live' }),
  },
  {
    method: 'GET',
    path: '/health/ready',
    summary:
      'Whether every listener has answered an announce to itself, and a node of a cluster has caught up.',
    schema: healthSchema,
    otherStatuses: { 503: 'a listener does not answer, or the node has not caught up' },
    answer: (api) => api.ready(),
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Everything as Prometheus reads it.',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    answer: (api) => api.metrics(),
  },
  {
    method: 'GET',
    path: '/api/v1/stats',
    summary: 'What the tracker is doing, as of the last second.',
    schema: statsSchema,
    answer: (api) => json(api.stats()),
  },
  {
    method: 'GET',
    path: '/api/v1/events',
    summary: 'The same each second, as server-sent events of the type "stats".',
    contentType: 'text/event-stream',
  },
  {
    method: 'GET',
    path: '/api/v1/history',
    summary: 'The last hour by second, or the last day or week by minute.',
    query: [
      {
        name: 'range',
        description: 'how far back; hour unless given',
        schema: { type: 'string', enum: ['hour', 'day', 'week'] },
      },
      {
        name: 'points',
        description: 'put together to at most so many points; one for each second or minute unless given',
        schema: { type: 'integer', minimum: 1, maximum: 20_000 },
      },
      {
        name: 'series',
        description: 'names separated by commas; all unless given',
        schema: { type: 'string' },
      },
    ],
    schema: historySchema,
    answer: async (api, { query }) => json(await api.history(query)),
  },
  {
    method: 'GET',
    path: '/api/v1/swarms',
    summary: 'The swarms with the most peers.',
    schema: topSwarmsSchema,
    answer: (api) => json(api.topSwarms()),
  },
  {
    method: 'GET',
    path: '/api/v1/swarms/{info_hash}',
    summary: 'One swarm: its counts, and with the token its peers.',
    schema: swarmSchema,
    answer: (api, { infoHash, trusted }) => json(api.swarm(infoHash, trusted)),
  },
  {
    method: 'GET',
    path: '/api/v1/swarm-sizes',
    summary: 'How many swarms have how many peers.',
    schema: swarmSizesSchema,
    answer: (api) => json(api.swarmSizes()),
  },
  {
    method: 'GET',
    path: '/api/v1/clients',
    summary: 'Which client software the peers use, by their peer_ids.',
    schema: clientsSchema,
    answer: (api) => json(api.clients()),
  },
  {
    method: 'GET',
    path: '/api/v1/networks',
    summary: 'The networks with the most peers: /24 and /48 with the token, /16 and /32 without it.',
    schema: networksSchema,
    answer: (api, { trusted }) => json(api.networks(trusted)),
  },
  {
    method: 'GET',
    path: '/api/v1/listeners',
    summary: 'Where the tracker listens, and whether it answers there.',
    schema: listenersSchema,
    answer: (api) => json({ listeners: api.stats().listeners }),
  },
  {
    method: 'GET',
    path: '/api/v1/announce-urls',
    summary: 'The URLs to hand out.',
    schema: announceUrlsSchema,
    answer: (api) => json(api.announceUrls()),
  },
  {
    method: 'GET',
    path: '/api/v1/log',
    summary: 'The last warnings and errors of the log, with the token with their fields.',
    schema: logSchema,
    answer: (api, { trusted }) => json(api.log(trusted)),
  },
  {
    method: 'GET',
    path: '/api/v1/configuration',
    summary: 'The options in force and where each comes from, secrets masked.',
    schema: configurationSchema,
    answer: (api) => json(api.configuration()),
  },
  {
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: 'This description.',
    contentType: 'application/json',
    answer: (api) => json(api.description()),
  },
  {
    method: 'POST',
    path: '/api/v1/reload',
    summary: 'Reads settings, certificates and lists again, and says what needs a restart.',
    trustedOnly: true,
    schema: doneSchema,
    answer: (api) => api.actions.act('reload'),
  },
  {
    method: 'POST',
    path: '/api/v1/snapshot',
    summary: 'Saves all swarms now.',
    trustedOnly: true,
    schema: doneSchema,
    answer: (api) => api.actions.act('snapshot'),
  },
  {
    method: 'POST',
    path: '/api/v1/swarms/{info_hash}/deny',
    summary: 'Refuses an info_hash from now on, and forgets its swarm.',
    trustedOnly: true,
    schema: doneSchema,
    answer: (api, { infoHash }) => api.actions.actOn('deny', infoHash),
  },
  {
    method: 'POST',
    path: '/api/v1/swarms/{info_hash}/undeny',
    summary: 'Takes an info_hash out of the list of those that are refused.',
    trustedOnly: true,
    schema: doneSchema,
    answer: (api, { infoHash }) => api.actions.actOn('undeny', infoHash),
  },
  {
    method: 'GET',
    path: '/api/v1/denied',
    summary: 'What --deny-list and --deny-ip refuse: how many, and the first thousand of each.',
    trustedOnly: true,
    schema: deniedSchema,
    answer: async (api) => json(await api.denied()),
  },
  {
    method: 'GET',
    path: '/api/v1/cluster',
    summary: 'This tracker as a node of a cluster, and the other nodes; null where there is none.',
    schema: clusterSchema,
    answer: (api) => json(api.cluster()),
  },
  {
    method: 'POST',
    path: '/api/v1/networks/deny',
    summary: 'Refuses the announces of a network from now on.',
    trustedOnly: true,
    query: networkQuery,
    schema: doneSchema,
    answer: (api, { query }) => api.actions.actOnNetwork('denyNetwork', query),
  },
  {
    method: 'POST',
    path: '/api/v1/networks/undeny',
    summary: 'Takes a network out of the files of those that are refused.',
    trustedOnly: true,
    query: networkQuery,
    schema: doneSchema,
    answer: (api, { query }) => api.actions.actOnNetwork('undenyNetwork', query),
  },
  {
    method: 'POST',
    path: '/api/v1/swarms/{info_hash}/drop',
    summary: 'Forgets a swarm with all its peers; they may announce again.',
    trustedOnly: true,
    schema: doneSchema,
    answer: (api, { infoHash }) => api.actions.actOn('drop', infoHash),
  },
];
