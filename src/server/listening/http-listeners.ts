// How HTTP and HTTPS listeners are opened, and what they share.
import { type Cidr, parseCidr } from '../../protocol/cidr.ts';
import { parseIp } from '../../protocol/ip-address.ts';
import { unlimited } from '../../tracker/token-buckets.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { type ClientAddress, includes } from '../../transport/client-address.ts';
import { createAskHttp } from '../../transport/http/ask-self.ts';
import { maxConnections } from '../../transport/http/descriptor-limit.ts';
import { HttpConnections } from '../../transport/http/http-connections.ts';
import { HttpCounters } from '../../transport/http/http-counters.ts';
import { httpCounts } from '../../transport/http/http-counts.ts';
import { HttpTransport } from '../../transport/http/http-transport.ts';
import { monotonicSeconds } from '../clock.ts';
import type { Configuration } from '../options/configuration.ts';
import type { PlannedListener } from './listen-plan.ts';
import type { ListenerParts, TransportOpener } from './listener.ts';
import { createAnswerFirst } from './plain-http.ts';

/** For requests in flight when the tracker stops: answers take milliseconds, a large full scrape longer. */
const closeGraceMs = 3000;
const maxConnectionsPerAddress = 256;
/** Characters; enough for the entries that matter, which stand last, of any but a very long chain. */
const longestShownHeader = 200;

/** HTTP, HTTPS, and HTTP for an authority's questions only, which counts as HTTP. */
export function createHttpOpeners(
  plan: readonly PlannedListener[],
  parts: ListenerParts,
): Record<'HTTP' | 'HTTPS' | 'ACME', TransportOpener> {
  const { configuration, certificates } = parts;
  const http = new HttpCounters();
  const https = new HttpCounters();
  const open = createOpen(plan, { HTTP: http, HTTPS: https, ACME: http }, parts);
  const proxies = configuration.proxyProtocol ? trustedProxies(configuration) : [];
  // It is this machine itself that asks: from the address that it connects to.
  const expectsHeader = (address: string) => includes(proxies, parseIp(address)!);
  return {
    HTTP: { open, counts: () => httpCounts(http), askSelf: createAskHttp(false, expectsHeader) },
    HTTPS: {
      open,
      counts: () => httpCounts(https),
      askSelf: createAskHttp(true, expectsHeader),
      waitsFor: () => (certificates?.current ? undefined : 'its first certificate'),
    },
    ACME: { open, counts: () => httpCounts(http) },
  };
}

function createOpen(
  plan: readonly PlannedListener[],
  counters: Readonly<Record<string, HttpCounters>>,
  { configuration, tracker, certificates, challenges, log, failed }: ListenerParts,
): TransportOpener['open'] {
  // One for all, as they share the process's descriptors.
  const connections = new HttpConnections({
    max: maxConnections(),
    maxPerAddress: maxConnectionsPerAddress,
    trustedProxies: trustedProxies(configuration),
    isOverLimit: createLimitCheck(tracker),
  });
  const announceUrls = (host: string | undefined) =>
    formatAnnounceUrls(plan, publicName(configuration, host));
  return async (planned) => {
    const { protocol, address, port } = planned;
    const answerFirst =
      protocol === 'HTTPS' ? undefined : createAnswerFirst(configuration, challenges, protocol === 'ACME');
    const transport = await HttpTransport.listen({
      host: address,
      port,
      fd: planned.inherited?.fd,
      tracker,
      connections,
      counters: counters[protocol]!,
      announceUrls,
      clock: monotonicSeconds,
      onException: failed,
      proxyProtocol: configuration.proxyProtocol,
      onBrokenProxyHeader: (proxy) =>
        log.warn('a trusted proxy connects without the header that --proxy-protocol asks for', { proxy }),
      onBrokenForwardedFor: (header) => {
        const shown = configuration.logIp === 'full' ? header.slice(-longestShownHeader) : undefined;
        log.warn('the X-Forwarded-For of a trusted proxy cannot be read, so its clients are refused', {
          x_forwarded_for: shown,
        });
      },
      ...(protocol === 'HTTPS' && { https: { certificate: certificates?.current } }),
      ...(answerFirst && { answerFirst }),
    });
    return {
      planned,
      port: transport.port,
      setCertificate: (certificate) => transport.setCertificate(certificate),
      descriptors: () => [transport.descriptor],
      close: (graceMs = closeGraceMs) => transport.close(graceMs),
    };
  };
}

/** --trusted-proxy as networks. */
export function trustedProxies({ trustedProxy }: Configuration): Cidr[] {
  return trustedProxy.map((network) => parseCidr(network)!);
}

function createLimitCheck({ protection: { http } }: Tracker): (address: ClientAddress) => boolean {
  if (http === undefined) return () => false;
  return ({ family, words }) => {
    const now = monotonicSeconds();
    const row = http.rowOf(family, words, 0, now);
    return row !== unlimited && http.isEmpty(row, now);
  };
}

/**
 * By which name clients reach the tracker: --domain once it is set, until then whatever this client called it, which
 * worked for this client at least.
 */
function publicName({ domain }: Configuration, host: string | undefined): string {
  // --domain may carry the port of one listener, which is not that of the others.
  const name = domain.replace(/:[0-9]+$/, '');
  return name === '' || name === 'localhost' ? (host ?? 'localhost') : name;
}

/** What the page at `/` names; a port that the system chooses is not known yet and left out. */
function formatAnnounceUrls(plan: readonly PlannedListener[], host: string): string[] {
  const urls = plan
    .filter(({ protocol, port }) => port !== 0 && protocol !== 'ACME')
    .map(({ protocol, port }) => `${protocol.toLowerCase()}://${host}:${port}/announce`);
  return [...new Set(urls)];
}
