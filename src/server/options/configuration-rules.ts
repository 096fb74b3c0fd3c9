// Which settings contradict each other, and which are legal but look mistaken.

import { isIP } from 'node:net';
import { UsageError } from '../../cli/usage-error.ts';
import { listeningTransports } from '../../transport/transports.ts';
import { listOf } from './option-kinds.ts';
import type { OptionValues } from './options.ts';
import type { ResolvedConfiguration } from './resolved-configuration.ts';

/**
 * Looks at the settings together, after each was checked alone.
 * @returns warnings, one line each
 * @throws UsageError when settings contradict each other, with a line for each contradiction
 */
export function checkConfiguration({ values, origins }: ResolvedConfiguration): string[] {
  const faults: string[] = [];
  const warnings: string[] = [];
  for (const check of checks) {
    try {
      warnings.push(...check(values, origins));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(...error.lines);
    }
  }
  if (faults.length > 0) throw new UsageError(faults);
  return warnings;
}

function checkTakeover(values: OptionValues): string[] {
  if (values.takeover && values['data-dir'] === undefined)
    throw new UsageError('--takeover needs --data-dir, where the running tracker is found');
  return [];
}

function checkTimes(values: OptionValues): string[] {
  const { interval, 'min-interval': minInterval, 'peer-ttl': peerTtl } = values;
  if (minInterval > interval)
    throw new UsageError(`--min-interval (${minInterval}) must not be longer than --interval (${interval})`);
  if (peerTtl >= interval) return [];
  return [
    `--peer-ttl (${peerTtl}) is shorter than --interval (${interval}): ` +
      'peers are forgotten before they announce again',
  ];
}

/** An address beside all of its family would be opened twice. */
function checkHosts({ host }: OptionValues): string[] {
  const hosts = listOf(host);
  for (const [all, family] of [
    ['0.0.0.0', 4],
    ['::', 6],
  ] as const) {
    const beside = hosts.find((address) => isIP(address) === family && address !== all);
    if (beside === undefined || !hosts.includes(all)) continue;
    throw new UsageError(
      `--host ${all} stands for every address of IPv${family}, so ${beside} beside it is too much`,
    );
  }
  return [];
}

function checkPorts(values: OptionValues): string[] {
  for (const { name, title } of listeningTransports) {
    const ports = listOf(values[`${name}-port`]);
    if (ports.length > 1 && ports.includes(0))
      throw new UsageError(
        `--${name}-port 0 disables ${title}, and cannot stand beside ${ports.find((port) => port !== 0)}`,
      );
  }
  return [];
}

function checkHttps(values: OptionValues, origins: ResolvedConfiguration['origins']): string[] {
  const https = values['https-port'] !== undefined && values['https-port'] !== 0;
  const files = values.cert !== undefined || values.key !== undefined;
  const acme = values['acme-domain'].length > 0;
  if (values.cert === undefined && values.key !== undefined) throw new UsageError('--key needs --cert');
  if (values.cert !== undefined && values.key === undefined) throw new UsageError('--cert needs --key');
  if (acme && files) throw new UsageError('--acme-domain and --cert contradict each other');
  if (acme && !https) throw new UsageError('--acme-domain needs --https-port');
  if (acme && values['data-dir'] === undefined)
    throw new UsageError('--acme-domain needs --data-dir, where account and certificate are kept');
  if (https && !files && !acme) throw new UsageError('--https-port needs --cert and --key, or --acme-domain');
  if (values['redirect-http'] && !https)
    throw new UsageError('--redirect-http needs --https-port: there is nothing to redirect to');
  if (
    values['redirect-http'] &&
    values.domain === '' &&
    listOf(values['https-port']).every((port) => port === 'any')
  )
    throw new UsageError(
      '--redirect-http needs --domain: where --https-port any will be, clients cannot be told',
    );
  const warnings: string[] = [];
  if (files && !https) warnings.push('--cert and --key do nothing without --https-port');
  if (values['redirect-http'] && values['http-port'] === 0)
    warnings.push('--redirect-http does nothing without HTTP (--http-port is 0)');
  if (!acme && origins['acme-email'] !== 'default')
    warnings.push('--acme-email does nothing without --acme-domain');
  return https ? [...warnings, ...checkDomain(values, origins.domain !== 'default')] : warnings;
}

/** What leads redirected clients astray. */
function checkDomain(values: OptionValues, given: boolean): string[] {
  const { domain, 'https-port': port, 'redirect-http': redirect } = values;
  if (domain === '' || (!given && !redirect)) return [];
  if (!given) {
    return ['--redirect-http sends clients to https://localhost/, their own machine: set --domain'];
  }
  const ports = listOf(port);
  if (ports.includes(443) || /:[0-9]+$/.test(domain)) return [];
  const known = ports.find((one) => one !== 'any');
  return [
    `--domain ${domain} carries no port and --https-port is ${ports.join(', ')}, not 443: clients that are redirected ` +
      `will not connect, unless something forwards port 443 to it` +
      (known === undefined ? '' : `; you may mean --domain ${domain}:${known}`),
  ];
}

function checkAdmin(values: OptionValues): string[] {
  const { 'admin-port': port, 'admin-host': host, 'admin-token-file': tokenFile } = values;
  if (port === undefined || port === 0 || tokenFile !== undefined || isLoopback(host)) return [];
  throw new UsageError(`--admin-host ${host} is reached from outside, so it needs --admin-token-file`);
}

/** Of an address as the options take it. */
export function isLoopback(host: string): boolean {
  return host === '::1' || /^127\./.test(host);
}

function checkProxies(values: OptionValues): string[] {
  if (values['proxy-protocol'] && values['trusted-proxy'].length === 0)
    throw new UsageError('--proxy-protocol needs --trusted-proxy: the header is believed from nobody else');
  return [];
}

function checkCluster(values: OptionValues, origins: ResolvedConfiguration['origins']): string[] {
  const { cluster } = values;
  if (cluster === undefined) {
    const idle = (['cluster-node', 'cluster-secret-file'] as const).filter(
      (name) => origins[name] !== 'default',
    );
    return idle.map((name) => `--${name} does nothing without --cluster`);
  }
  if (origins.cluster !== 'flag' || !/\/\/[^@/]*:[^@/]+@/.test(cluster)) return [];
  return [
    '--cluster has a password in it, which every user of this machine can read in the list of processes',
  ];
}

const checks = [
  checkHosts,
  checkPorts,
  checkProxies,
  checkAdmin,
  checkTakeover,
  checkHttps,
  checkTimes,
  checkCluster,
];
