// The import table of the architecture: which rooms src has, and which may import which. A room is a folder, or a file that
// stands alone at a folder's door.
import { posix } from 'node:path';

/**
 * What each room may import besides itself; a name stands for everything below it that is no room of its own. The
 * longest name that fits a file is its room. Nothing stands here that is not needed.
 */
const table: Record<string, string[]> = {
  protocol: [],
  swarm: ['protocol'],
  cluster: ['swarm'],
  'cluster/redis/redis-url.ts': [],
  'cluster/redis': ['cluster', 'cluster/redis/redis-url.ts'],
  tracker: ['protocol', 'swarm'],
  net: [],
  'net/node-handles.ts': [],
  'net/xdp': ['net'],
  transport: ['net', 'protocol', 'tracker'],
  'transport/udp': ['net/xdp'],
  'transport/http-epoll': ['transport/http', 'transport/webtorrent'],
  'transport/webtorrent': ['transport/http'],
  'transport/transports.ts': ['transport'],
  'admin/shown-address.ts': ['protocol'],
  'admin/schema.ts': ['transport/transports.ts'],
  'admin/observed-tracker.ts': ['protocol', 'transport', 'transport/transports.ts'],
  'admin/measures': [
    'admin/observed-tracker.ts',
    'admin/schema.ts',
    'protocol',
    'transport',
    'transport/transports.ts',
  ],
  'admin/page': ['admin/schema.ts'],
  'admin/command': ['admin/page', 'admin/schema.ts', 'transport/transports.ts'],
  'admin/door': [
    'admin/measures',
    'admin/observed-tracker.ts',
    'admin/schema.ts',
    'admin/shown-address.ts',
    'protocol',
    'transport',
    'transport/transports.ts',
  ],
  cli: [],
  'query/terminal': ['cli'],
  'query/network': ['cli', 'protocol'],
  'query/asking': ['protocol', 'query/network', 'query/terminal'],
  'query/command': ['cli', 'protocol', 'query/asking', 'query/network', 'query/terminal'],
  'query/report': ['query/asking', 'query/terminal'],
  'query/doctor': [
    'cli',
    'protocol',
    'query/asking',
    'query/command',
    'query/network',
    'query/report',
    'query/terminal',
  ],
  'query/batch': ['cli', 'query/asking', 'query/command', 'query/network', 'query/report', 'query/terminal'],
  'query/watch': ['query/asking', 'query/command', 'query/report', 'query/terminal'],
  'query/single.ts': ['query/asking', 'query/command', 'query/network', 'query/report', 'query/terminal'],
  'query/run.ts': [
    'cli',
    'query/batch',
    'query/command',
    'query/doctor',
    'query/network',
    'query/single.ts',
    'query/terminal',
    'query/watch',
  ],
  'query/main.ts': ['cli', 'query/network', 'query/run.ts'],
  'server/clock.ts': [],
  'server/version.ts': [],
  'server/start-error.ts': [],
  'server/log': ['cli'],
  'server/options': [
    'cluster/redis/redis-url.ts',
    'admin/observed-tracker.ts',
    'admin/shown-address.ts',
    'cli',
    'protocol',
    'server/version.ts',
    'tracker',
    'transport',
    'transport/transports.ts',
  ],
  'server/storage': [
    'cli',
    'server/clock.ts',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'swarm',
    'transport/http',
  ],
  'server/certificates': [
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'transport/http',
  ],
  'server/lists': [
    'cli',
    'protocol',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'tracker',
  ],
  'server/create-tracker.ts': ['server/lists', 'server/options', 'swarm', 'tracker'],
  'server/reload': [
    'cli',
    'server/certificates',
    'server/core.ts',
    'server/create-tracker.ts',
    'server/listening',
    'server/lists',
    'server/operators',
    'server/options',
    'server/start-error.ts',
    'transport',
  ],
  'server/core.ts': [
    'tracker',
    'server/certificates',
    'server/create-tracker.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/storage',
    'transport/http',
  ],
  'server/listening': [
    'admin/shown-address.ts',
    'cli',
    'net',
    'net/xdp',
    'protocol',
    'server/certificates',
    'server/clock.ts',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'swarm',
    'tracker',
    'transport',
    'transport/http',
    'transport/http/description.ts',
    'transport/http-epoll',
    'transport/transports.ts',
    'transport/udp',
    'transport/webtorrent',
  ],
  'server/operators': [
    'admin/command',
    'admin/door',
    'admin/observed-tracker.ts',
    'admin/schema.ts',
    'cli',
    'net',
    'protocol',
    'server/certificates',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'server/version.ts',
    'swarm',
    'transport',
    'transport/transports.ts',
  ],
  'server/cluster': [
    'cli',
    'cluster',
    'cluster/redis',
    'protocol',
    'server/clock.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'server/version.ts',
    'swarm',
    'transport',
  ],
  'server/takeover': [
    'net',
    'net/node-handles.ts',
    'server/listening',
    'server/log',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'swarm',
  ],
  'server/upkeep': [
    'protocol',
    'server/certificates',
    'server/clock.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/storage',
    'swarm',
    'tracker',
    'transport',
  ],
  'server/check': [
    'cli',
    'cluster/redis',
    'cluster/redis/redis-url.ts',
    'net',
    'net/xdp',
    'server/certificates',
    'server/cluster',
    'server/listening',
    'server/lists',
    'server/log',
    'server/operators',
    'server/options',
    'server/start-error.ts',
    'server/storage',
    'server/takeover',
  ],
  'server/running-tracker.ts': [
    'server/cluster',
    'server/core.ts',
    'server/listening',
    'server/operators',
    'server/reload',
    'server/takeover',
    'server/upkeep',
  ],
  'server/tracker-server.ts': [
    'server/cluster',
    'server/core.ts',
    'server/listening',
    'server/lists',
    'server/log',
    'server/options',
    'server/running-tracker.ts',
    'server/start-error.ts',
    'server/takeover',
    'transport',
  ],
  'server/life': [
    'server/check',
    'server/listening',
    'server/log',
    'server/operators',
    'server/options',
    'server/running-tracker.ts',
    'server/takeover',
    'server/tracker-server.ts',
    'server/version.ts',
  ],
  'server/program.ts': [
    'cli',
    'server/check',
    'server/life',
    'server/operators',
    'server/options',
    'server/start-error.ts',
  ],
  'server/main.ts': ['cli', 'server/life', 'server/program.ts'],
  import: ['cli', 'protocol', 'server/options', 'server/version.ts'],
  'library/info-hash-bytes.ts': ['protocol'],
  'library/protocol.ts': ['protocol'],
  'library/client.ts': ['library/info-hash-bytes.ts', 'query/asking', 'query/network'],
  library: [
    'cli',
    'library/info-hash-bytes.ts',
    'protocol',
    'server/clock.ts',
    'server/listening',
    'server/log',
    'server/options',
    'server/running-tracker.ts',
    'server/tracker-server.ts',
    'swarm',
    'tracker',
    'transport/transports.ts',
  ],
  'caracal-program.ts': ['cli', 'import', 'query/command', 'server/operators', 'server/options'],
  'main.ts': ['caracal-program.ts', 'cli', 'import', 'query/main.ts', 'server/main.ts'],
};

/** What every folder of a transport may import, whether it needs it or not; a row of the table adds to it. */
const transportMay = ['net', 'net/node-handles.ts', 'protocol', 'tracker', 'transport'];
const transportFolder = /^transport\/[^/]+$/;

export interface Room {
  readonly name: string;
  readonly may: readonly string[];
  /** Those that nobody else would allow: what is not needed of them is taken out. */
  readonly needs: readonly string[];
}

/** The rooms of these files (below `src`), by name. */
export function roomsOf(files: readonly string[]): ReadonlyMap<string, Room> {
  const rooms = new Map<string, Room>();
  const add = (name: string, may: readonly string[], needs: readonly string[]) =>
    rooms.set(name, { name, may: [...may, ...needs], needs });
  for (const [name, needs] of Object.entries(table)) add(name, [], needs);
  for (const folder of new Set(files.map((file) => posix.dirname(file)))) {
    if (!transportFolder.test(folder)) continue;
    add(folder, transportMay, table[folder] ?? []);
    const description = `${folder}/description.ts`;
    if (!files.includes(description)) continue;
    add(description, ['transport', folder], []);
    const list = rooms.get('transport/transports.ts')!;
    add(list.name, [...list.may, description], list.needs);
  }
  return rooms;
}

/** The room that a file stands in: the longest name that fits. */
export function roomOf(file: string, rooms: ReadonlyMap<string, Room>): string | undefined {
  const fitting = [...rooms.keys()].filter((name) => file === name || file.startsWith(`${name}/`));
  return fitting.sort((a, b) => b.length - a.length)[0];
}
