// What the packages say of themselves: names, what they need, descriptions.

import { nodeVersion } from './node-runtime.mjs';
import { settingsFile } from './package-tree.mjs';

/**
 * @typedef {object} Description
 * @property {string} name
 * @property {string} summary
 * @property {readonly string[]} text
 * @property {readonly string[]} settings files that an upgrade leaves as the operator has them
 * @property {{ relations: Record<string, string>, scripts: readonly string[] }} deb
 * @property {{ licence: string, requires: readonly string[], scripts: boolean }} rpm
 */

/** @type {Description} */
export const caracal = {
  name: 'caracal',
  summary: 'BitTorrent tracker for HTTP, HTTPS, UDP and WebTorrent',
  text: [
    'A tracker over one swarm store in shared memory, which answers on every core',
    'over HTTP, HTTPS, UDP, ws and wss, on IPv4 and IPv6; with snapshots, ACME',
    'certificates, a dashboard and metrics. Beside it tracker-query, which tests',
    'any tracker.',
    '',
    "It needs Node.js 20.19 or newer: the system's, or that of caracal-node.",
  ],
  settings: [settingsFile],
  deb: {
    relations: {
      Depends:
        'nodejs (>= 20.19) | caracal-node, libc6 (>= 2.28), systemd | systemd-standalone-sysusers | systemd-sysusers, init-system-helpers (>= 1.54~)',
      Recommends: 'ca-certificates',
      Suggests: 'prometheus',
    },
    scripts: ['postinst', 'prerm', 'postrm'],
  },
  rpm: {
    licence: 'MIT',
    requires: ['(caracal-node or nodejs >= 20.19)', 'systemd', 'glibc >= 2.28'],
    scripts: true,
  },
};

/** @type {Description} */
export const runtime = {
  name: 'caracal-node',
  summary: 'Node.js runtime for Caracal, where the system has none that is new enough',
  text: [
    `Node.js ${nodeVersion} as its publishers built it, in /usr/lib/caracal-node, for`,
    'the tracker alone: no command of this system is replaced. Not needed where',
    "the distribution's nodejs is 20.19 or newer.",
  ],
  settings: [],
  deb: {
    relations: { Depends: 'libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 9)', Enhances: 'caracal' },
    scripts: [],
  },
  rpm: { licence: 'MIT and others', requires: ['glibc >= 2.28', 'libstdc++', 'libgcc'], scripts: false },
};
