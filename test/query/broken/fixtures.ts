// The trackers of the doctor's examination: what is wrong with each, set up by hand, and the cause that must be named.
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { LittleTracker, listenHttp, listenHttps, listenUdp, type Wrongs } from './little-tracker.ts';

export interface Certificates {
  good: { cert: string; key: string };
  expired: { cert: string; key: string };
  selfSigned: { cert: string; key: string };
  otherName: { cert: string; key: string };
  noChain: { cert: string; key: string };
}

export interface Fixture {
  name: string;
  /** The address that the fixture's name leads to; `host` of `start` unless it is said here. */
  leadsTo?: string;
  /** With HOST for the fixture's name. */
  url: string;
  /** Listens on `host`, an address of the fixture's own. */
  start: (host: string, certificates: Certificates, name: string) => Promise<unknown>;
  /** What must be found; undefined for a healthy tracker. */
  cause?: { id: string; says: RegExp };
  more?: string[];
}

const tracker = (wrongs: Wrongs = {}) => new LittleTracker(wrongs);
const http = (port: number, listener: RequestListener) => (host: string) => listenHttp(host, port, listener);
const wrongHttp = (wrongs: Wrongs) => http(80, tracker(wrongs).http);
const wrongUdp = (wrongs: Wrongs) => (host: string) => listenUdp(host, 6969, tracker(wrongs));
const status = (code: number, text: string) =>
  http(80, (_, response) => void response.writeHead(code, { 'Content-Type': 'text/html' }).end(text));
const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title}</title></head><body></body></html>`;
const tcp = (port: number, greet: (socket: import('node:net').Socket) => void) => (host: string) =>
  new Promise<void>((resolve) =>
    createTcpServer((socket) => {
      socket.on('error', () => {});
      greet(socket);
    }).listen(port, host, resolve),
  );
const https =
  (kind: keyof Certificates, port = 443) =>
  (host: string, certificates: Certificates) =>
    listenHttps(host, port, certificates[kind], tracker().http);
const redirect =
  (to: string) =>
  (host: string, name: string, port = 80) =>
    listenHttp(host, port, (request, response) => {
      response.writeHead(301, { Location: `${to.replace('HOST', name)}${request.url}` }).end();
    });

export const broken: Fixture[] = [
  {
    name: 'web-page',
    url: 'http://HOST/announce',
    start: status(200, page('Welcome to nginx!')),
    cause: { id: 'web-page', says: /Welcome to nginx.*not a tracker/ },
  },
  {
    name: 'no-path',
    url: 'http://HOST/announce',
    start: status(404, page('404 Not Found')),
    cause: { id: 'not-found', says: /nothing at \/announce/ },
  },
  {
    name: 'mistyped-path',
    url: 'http://HOST/anounce',
    start: wrongHttp({}),
    cause: { id: 'not-found', says: /\/anounce.*Found: http:\/\/mistyped-path[^ ]*\/announce answers/ },
  },
  {
    name: 'root-path',
    url: 'http://HOST/',
    start: wrongHttp({}),
    cause: { id: 'not-found', says: /Found: http:\/\/root-path[^ ]*\/announce answers/ },
  },
  {
    name: 'bad-gateway',
    url: 'http://HOST/announce',
    start: status(502, page('502 Bad Gateway')),
    cause: { id: 'gateway', says: /not the tracker behind it/ },
  },
  {
    name: 'forbidden',
    url: 'http://HOST/announce',
    start: status(403, page('Just a moment...')),
    cause: { id: 'forbidden', says: /keeps us out.*CDN/ },
  },
  {
    name: 'hang',
    url: 'http://HOST/announce',
    start: tcp(80, () => {}),
    cause: { id: 'no-answer', says: /nothing comes back.*hangs/ },
  },
  {
    name: 'closes',
    url: 'http://HOST/announce',
    start: tcp(80, (socket) => socket.once('data', () => socket.destroy())),
    cause: { id: 'closed', says: /closed without an answer/ },
  },
  {
    name: 'no-http',
    url: 'http://HOST/announce',
    start: tcp(80, (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')),
    cause: { id: 'not-http', says: /another service/ },
  },
  {
    name: 'redirect-loop',
    url: 'http://HOST/announce',
    start: (host, _, name) => redirect('http://HOST')(host, name),
    cause: { id: 'redirect-loop', says: /in a circle/ },
  },
  {
    name: 'redirect-without-port',
    url: 'http://HOST/announce',
    start: async (host, certificates, name) => {
      await redirect('https://HOST')(host, name);
      await https('good', 8443)(host, certificates);
    },
    cause: {
      id: 'redirect-target',
      says: /\(301\) to https:\/\/redirect-without-port.*lacks the port.*--domain redirect-without-port[^ ]*:8443/,
    },
  },
  {
    name: 'http-to-tls',
    url: 'http://HOST:443/announce',
    start: https('good'),
    cause: { id: 'speaks-tls', says: /speaks TLS.*https/ },
  },
  {
    name: 'https-to-plain',
    url: 'https://HOST:80/announce',
    start: wrongHttp({}),
    cause: { id: 'not-tls', says: /does not speak TLS.*Found: http:/ },
  },
  {
    name: 'tls-hang',
    url: 'https://HOST/announce',
    start: tcp(443, () => {}),
    cause: { id: 'tls-silent', says: /handshake does not end/ },
  },
  {
    name: 'expired',
    url: 'https://HOST/announce',
    start: https('expired'),
    cause: { id: 'tls-days', says: /expired 24 hours ago, on/ },
  },
  {
    name: 'self-signed',
    url: 'https://HOST/announce',
    start: https('selfSigned'),
    cause: { id: 'tls-chain', says: /the certificate is self-signed/ },
  },
  {
    name: 'other-name',
    url: 'https://HOST/announce',
    start: https('otherName'),
    cause: { id: 'tls-name', says: /other names: elsewhere\.example/ },
  },
  {
    name: 'no-chain',
    url: 'https://HOST/announce',
    start: https('noChain'),
    cause: { id: 'tls-chain', says: /incomplete.*fullchain/ },
  },
  {
    name: 'refused',
    url: 'http://HOST/announce',
    start: async () => {},
    cause: { id: 'connection-refused', says: /nothing listens on TCP port 80.*Tried too: ports 80, 443/ },
  },
  {
    name: 'other-port',
    url: 'http://HOST/announce',
    start: wrongUdp({}),
    cause: { id: 'connection-refused', says: /Found: udp:\/\/other-port[^ ]*:6969\/announce answers/ },
  },
  {
    name: 'udp-refused',
    url: 'udp://HOST:6969/announce',
    start: async () => {},
    cause: { id: 'connection-refused', says: /UDP port 6969/ },
  },
  {
    name: 'udp-silent',
    url: 'udp://HOST:6969/announce',
    start: (host) =>
      new Promise<void>((resolve) =>
        import('node:dgram').then(({ createSocket }) => createSocket('udp4').bind(6969, host, resolve)),
      ),
    cause: { id: 'udp-silent', says: /A rule for TCP does not open UDP/ },
  },
  {
    name: 'udp-elsewhere',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ answersFrom: '185.9.9.9' }),
    cause: { id: 'reply-source', says: /comes from 185\.9\.9\.9/ },
  },
  {
    name: 'private-name',
    leadsTo: '10.0.0.5',
    url: 'http://HOST/announce',
    start: async () => {},
    cause: { id: 'scope', says: /10\.0\.0\.5 \(private\)/ },
  },
  {
    name: 'no-such',
    leadsTo: '',
    url: 'http://HOST/announce',
    start: async () => {},
    cause: { id: 'dns', says: /no such name/ },
  },
  {
    name: 'behind-proxy',
    url: 'http://HOST/announce',
    start: wrongHttp({ seenAs: '127.0.0.1', externalIp: '127.0.0.1' }),
    cause: { id: 'peer-address', says: /handed to others as 127\.0\.0\.1.*--trusted-proxy/ },
  },
  {
    name: 'proxy-external-ip',
    url: 'http://HOST/announce',
    start: wrongHttp({ externalIp: '127.0.0.1' }),
    cause: { id: 'external-ip', says: /external ip.*127\.0\.0\.1/ },
  },
  {
    name: 'in-docker',
    url: 'http://HOST/announce',
    start: wrongHttp({ externalIp: '172.17.0.1' }),
    cause: { id: 'external-ip', says: /172\.17\.0\.1.*container/ },
  },
  {
    name: 'docker-udp',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ seenAs: '172.17.0.1' }),
    cause: { id: 'peer-address', says: /172\.17\.0\.1.*container/ },
  },
  {
    name: 'private-peers',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ seenAs: '10.1.2.3' }),
    cause: { id: 'peer-address', says: /10\.1\.2\.3.*private/ },
  },
  {
    name: 'wrong-status',
    url: 'http://HOST/announce',
    start: wrongHttp({ status: 404 }),
    cause: { id: 'http-status', says: /with peers, but with HTTP status 404/ },
  },
  {
    name: 'forgets-all',
    url: 'http://HOST/announce',
    start: wrongHttp({ storesNothing: true }),
    cause: { id: 'round-trip', says: /not peer A/ },
  },
  {
    name: 'keeps-stopped',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ keepsStopped: true }),
    cause: { id: 'stopped', says: /after A has stopped/ },
  },
  {
    name: 'takes-claims',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ takesClaims: true }),
    cause: { id: 'foreign-address', says: /not its own/ },
  },
  {
    name: 'reflects',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ reflects: true }),
    cause: { id: 'reflection', says: /more bytes out/ },
  },
  {
    name: 'refuses-options',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ refusesOptions: true }),
    cause: { id: 'bep41', says: /path/ },
  },
  {
    name: 'broken-inside',
    url: 'http://HOST/announce',
    start: wrongHttp({ refuses: 'Database error: connection refused' }),
    cause: { id: 'refused', says: /a fault inside/ },
  },
];

export const healthy: Fixture[] = [
  { name: 'good-http', url: 'http://HOST/announce', start: wrongHttp({}) },
  { name: 'good-udp', url: 'udp://HOST:6969/announce', start: wrongUdp({}) },
  { name: 'good-https', url: 'https://HOST/announce', start: https('good') },
  {
    name: 'on-itself',
    leadsTo: '185.9.9.9',
    url: 'http://HOST:7070/announce',
    start: () => listenHttp('185.9.9.9', 7070, tracker().http),
  },
  {
    name: 'on-itself-udp',
    leadsTo: '185.9.9.9',
    url: 'udp://HOST:7070/announce',
    start: () => listenUdp('185.9.9.9', 7070, tracker()),
  },
  {
    name: 'not-our-client',
    url: 'http://HOST/announce',
    start: wrongHttp({ refuses: 'client not allowed' }),
  },
  {
    name: 'certain-torrents',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({ refuses: 'Requested download is not authorized for use with this tracker.' }),
  },
  { name: 'wants-key', url: 'http://HOST/announce', start: wrongHttp({ refuses: 'invalid passkey' }) },
  { name: 'with-ipv6', leadsTo: 'HOST 2a00:1450::7', url: 'http://HOST/announce', start: wrongHttp({}) },
  {
    name: 'with-ipv6-udp',
    leadsTo: 'HOST 2a00:1450::7',
    url: 'udp://HOST:6969/announce',
    start: wrongUdp({}),
  },
  { name: 'right-external-ip', url: 'http://HOST/announce', start: wrongHttp({ externalIp: '185.9.9.9' }) },
  { name: 'encoding-none', url: 'http://HOST/announce', start: wrongHttp({ contentEncoding: 'none' }) },
  {
    name: 'right-redirect',
    url: 'http://HOST/announce',
    start: async (host, certificates, name) => {
      await redirect('https://HOST')(host, name);
      await https('good')(host, certificates);
    },
  },
  { name: 'own-certificate', url: 'https://HOST/announce', start: https('selfSigned'), more: ['-k'] },
];
