// The options of a cluster: which engine carries the news, and what this node is called. Part of the table in options.ts.

import { parseRedisUrl, showRedisUrl } from '../../cluster/redis/redis-url.ts';
import { option } from './option.ts';
import { path, text } from './option-kinds.ts';

export const clusterOptions = {
  cluster: option<string | undefined>({
    group: 'Cluster',
    kind: text('the URL of a Redis or Valkey server', { test: (url) => parseRedisUrl(url) !== undefined }),
    placeholder: 'URL',
    default: undefined,
    defaultText: 'this machine alone',
    example: 'redis://10.0.0.5:6379',
    shown: showRedisUrl,
    help:
      'Redis or Valkey server through which this tracker and others tell each other of their swarms: redis://HOST:PORT, ' +
      'rediss:// with TLS (?ca=FILE for certificates of your own), redis-sentinel://HOST,HOST/NAME, ' +
      'redis-cluster://HOST,HOST. A password (redis://:PASSWORD@HOST) ' +
      'is better given in the file or the environment than as a flag.',
  }),
  'cluster-node': option<string | undefined>({
    group: 'Cluster',
    kind: text('a name of letters, digits, dots and dashes', /^[A-Za-z0-9._-]{1,100}$/),
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'the name of the machine',
    example: 'amsterdam',
    help: 'What this node is called, unlike any other of the cluster.',
  }),
  'cluster-secret-file': option<string | undefined>({
    group: 'Cluster',
    kind: path(),
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
    example: '/etc/tracker/cluster-secret',
    help: 'File with the secret by which nodes know that news come from each other; at least 16 characters, the same on all.',
  }),
} as const;
