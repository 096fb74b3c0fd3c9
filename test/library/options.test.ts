// What createTracker takes, and what it says of options that are wrong: all of them at once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createTracker, type TrackerOptions } from '../../src/library/index.ts';
import { namedOptions, notInLibrary, readOptions } from '../../src/library/read-options.ts';
import { codeNameOf, defaultConfiguration } from '../../src/server/options/configuration.ts';
import { optionNames } from '../../src/server/options/options.ts';
import { portOptions } from '../../src/server/options/port-options.ts';
import { listeningTransports } from '../../src/transport/transports.ts';

const described = readFileSync(new URL('../../../src/library/tracker-options.ts', import.meta.url), 'utf8');

function faultsOf(options: unknown): string[] {
  try {
    createTracker(options as TrackerOptions);
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    return error.message.replace(/^createTracker: /, '').split('; ');
  }
  return [];
}

test('each option of the tracker is one of the library, but for those of a process of its own', () => {
  const text = described.slice(described.indexOf('export interface TrackerOptions'));
  const documented = [...text.matchAll(/ \*\/\n {2}([a-zA-Z0-9]+)\?: /g)].map(([, name]) => name);
  const own = ['log', 'filter', 'filterTtl'];
  // The port of a transport has its type from the list of transports, so a sentence of its own is a courtesy.
  const offered = [...namedOptions.keys(), ...own];
  const ports: readonly string[] = listeningTransports.map(({ name }) => name);
  const silent = (name: string) => ports.includes(name) && !documented.includes(name);
  assert.deepEqual(documented.sort(), offered.filter((name) => !silent(name)).sort());
  assert.equal(namedOptions.size + notInLibrary.length, optionNames.length);
});

test('the defaults are those of the flags, but for ports and threads', () => {
  const { configuration } = readOptions({});
  const usual = defaultConfiguration({ udpPort: 'any', httpPort: 'any', workers: 0, streamWorkers: 0 });
  assert.deepEqual(configuration, usual);
});

test('ports are numbers, 0 and true for a free one, false for none, or several', () => {
  for (const [given, port] of [
    [true, 'any'],
    [0, 'any'],
    [false, 0],
    [6969, 6969],
    [
      [6969, 0],
      [6969, 'any'],
    ],
  ] as const) {
    assert.deepEqual(readOptions({ udp: given }).configuration.udpPort, port);
  }
  assert.equal(readOptions({ adminPort: true }).configuration.adminPort, 'any');
});

test('every wrong option is named, with what it must be', () => {
  const wrong = {
    htp: 1,
    udp: 'x',
    interval: 0,
    cert: 5,
    webtorrent: 'yes',
    filter: 1,
    filterTtl: -1,
    memoryLimit: 3,
  };
  const faults = faultsOf(wrong);
  assert.deepEqual(
    faults.map((fault) => fault.replace(/, not .*/, '')).sort(),
    [
      "there is no option 'htp' (did you mean http?)",
      'udp must be true, false, or a port from 0 (a free one) to 65535, or several ports',
      'interval must be whole seconds from 1 to 604800',
      'cert must be a path',
      'webtorrent must be true or false',
      'filter must be a function',
      'filterTtl must be whole seconds from 0 to 86400',
      'memoryLimit must be a size from 16MiB to 4GiB (such as 64MiB or 1GiB)',
    ].sort(),
  );
});

test('options that contradict each other are named as they are called here', () => {
  assert.deepEqual(faultsOf({ https: true, proxyProtocol: true, minInterval: 90, interval: 5 }), [
    'proxyProtocol needs trustedProxy: the header is believed from nobody else',
    'https needs cert and key, or acmeDomain',
    'minInterval (90) must not be longer than interval (5)',
  ]);
  assert.deepEqual(faultsOf({ httpPort: 80, config: 'x' }), [
    'there is no option httpPort (it is called http here)',
    'config is an option of tracker-server alone',
  ]);
  assert.deepEqual(faultsOf({ ws: true, peersCacheTtl: 5 }), [
    'there is no option ws (it is webtorrent here)',
    'there is no option peersCacheTtl (it is peerTtl, in seconds, here)',
  ]);
  assert.deepEqual(faultsOf({ filter: () => true, workers: 1, filterTtl: 0 }), [
    'filterTtl must not be 0 with workers: what a thread answers cannot wait for filter',
  ]);
});

test('what is no object is refused, and what is undefined is left out', () => {
  assert.deepEqual(faultsOf(null), ['createTracker takes an object of options, not null']);
  assert.deepEqual(faultsOf({ udp: undefined, interval: undefined }), []);
});

test('no option is named otherwise than its flag without a reason', () => {
  const renamed = optionNames.filter(
    (name) => !notInLibrary.includes(name) && namedOptions.get(codeNameOf(name)) !== name,
  );
  assert.deepEqual(renamed.sort(), ['no-webtorrent', ...Object.keys(portOptions)].sort());
});
