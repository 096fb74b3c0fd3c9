// Which URLs the tracker's pages hand out for what it listens on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announceUrlsOf, formatAnnounceUrls } from '../../../src/server/listening/announce-urls.ts';

const plan = [
  { protocol: 'HTTP', port: 6969 },
  { protocol: 'HTTPS', port: 8443 },
  { protocol: 'UDP', port: 6969 },
  { protocol: 'ACME', port: 80 },
] as const;
const names = { domain: '', noWebtorrent: false, redirectHttp: false };

function urlsOf(changed: Partial<typeof names>, host?: string): string[] {
  return formatAnnounceUrls(announceUrlsOf(plan, { ...names, ...changed }), host);
}

test('each listener is named for each kind of client that it answers', () => {
  assert.deepEqual(urlsOf({}, 'here.example'), [
    'http://here.example:6969/announce',
    'ws://here.example:6969/announce',
    'https://here.example:8443/announce',
    'wss://here.example:8443/announce',
    'udp://here.example:6969/announce',
  ]);
});

test('without WebTorrent no URL of a WebSocket is handed out', () => {
  assert.deepEqual(
    urlsOf({ noWebtorrent: true }).filter((url) => url.startsWith('ws')),
    [],
  );
});

test('where plain HTTP only leads to HTTPS, WebSockets are found there alone', () => {
  assert.deepEqual(
    urlsOf({ redirectHttp: true, domain: 'tracker.example.net:8443' }).filter((url) => url.startsWith('ws')),
    ['wss://tracker.example.net:8443/announce'],
  );
});

test('a port that the system has not chosen yet is left out', () => {
  const { doors } = announceUrlsOf([{ protocol: 'HTTP', port: 0 }], names);
  assert.deepEqual(doors, []);
});
