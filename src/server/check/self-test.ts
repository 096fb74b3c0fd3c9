// `--check`: what can be found out about a start here without starting, each finding with what to do about it.

import { isIPv6 } from 'node:net';
import { availableParallelism, networkInterfaces, totalmem } from 'node:os';
import { formatCount } from '../../cli/format-count.ts';
import { findFastPath } from '../../net/availability.ts';
import { loadSystemCalls } from '../../net/system-calls.ts';
import { formatDate } from '../certificates/certificate.ts';
import { loadCertificate } from '../certificates/certificate-files.ts';
import { checkCertificateFiles } from '../certificates/certificates.ts';
import { connectionLimit } from '../listening/http-threads.ts';
import { planListeners } from '../listening/listen-plan.ts';
import type { Configuration } from '../options/configuration.ts';
import { formatSize } from '../options/option-kinds.ts';
import { hasPredecessor } from '../takeover/predecessor.ts';
import type { Finding } from './finding.ts';
import { nodeLineWarning } from './node-line.ts';
import { probeAdminSocket } from './probe-admin-socket.ts';
import { probeCluster } from './probe-cluster.ts';
import { probeConntrack, probeReceiveBuffer } from './probe-kernel.ts';
import { ListenerProbe, type Probed } from './probe-listener.ts';
import { probeLists } from './probe-lists.ts';
import { probeUring } from './probe-uring.ts';
import { probeXdp } from './probe-xdp.ts';

/** Fewer connections than this are little for a public tracker. */
const fewConnections = 2000;

/** Opens each listener's socket for a moment, and otherwise only reads. */
export async function testItself(configuration: Configuration): Promise<Finding[]> {
  const plan = planListeners(configuration);
  const udp = plan.some(({ protocol }) => protocol === 'UDP');
  const findings: (Finding | undefined)[] = [];
  const predecessor = runsThere(configuration);
  const probe = new ListenerProbe();
  const takeover = configuration.takeover && predecessor;
  for (const planned of [...plan, ...adminListener(configuration)])
    findings.push(await probe.try(planned, takeover));
  probe.close();
  if (predecessor && !configuration.takeover)
    findings.push({
      level: 'error',
      text: `another tracker runs on --data-dir ${configuration.dataDir}; --takeover takes its place`,
    });
  findings.push(
    await probeAdminSocket(configuration),
    ...probeCertificate(configuration),
    ...probeLists(configuration),
    probeDataDirectory(configuration),
    probeDescriptors(configuration),
    probeFamilies(configuration),
    probeMemory(configuration),
    ...(udp
      ? [probeWorkers(configuration), probeReceiveBuffer(), probeConntrack(), ...probeXdp(configuration)]
      : []),
    ...(plan.some(({ protocol }) => protocol === 'HTTP') ? [probeUring(configuration)] : []),
    ...(plan.some(({ protocol }) => protocol === 'HTTPS') ? [probeStreamWorkers(configuration)] : []),
    ...(await probeCluster(configuration)),
    probeNode(),
  );
  return findings.filter((finding) => finding !== undefined);
}

/** Whether a tracker serves on the data directory that a start would not share. */
function runsThere({ dataDir }: Configuration): boolean {
  const { calls } = loadSystemCalls();
  return dataDir !== undefined && calls !== undefined && hasPredecessor(calls, dataDir);
}

function adminListener({ adminPort, adminHost: address }: Configuration): Probed[] {
  if (adminPort === undefined || adminPort === 0) return [];
  const port = adminPort === 'any' ? 0 : adminPort;
  return [{ protocol: 'admin', family: isIPv6(address) ? 6 : 4, address, port }];
}

/** Comments for the end of the settings, which stay a file that --config reads. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(({ level, text }) => `# ${level.padEnd(7)}  ${text}\n`).join('');
}

function probeCertificate(configuration: Configuration): Finding[] {
  const { httpsPort, cert, key, acmeDomain, acmeDirectory } = configuration;
  if (!httpsPort) return [];
  if (cert === undefined || key === undefined) {
    const { host } = new URL(acmeDirectory);
    return [
      {
        level: 'ok',
        text: `certificate for ${acmeDomain.join(', ')}: obtained from ${host} once the tracker runs`,
      },
    ];
  }
  const objections = checkCertificateFiles(configuration);
  if (objections.length > 0) return objections.map((text) => ({ level: 'warning', text }));
  const { names, notAfter, certificates } = loadCertificate({ cert, key });
  const chain = `${certificates.length} certificates in its chain`;
  return [
    { level: 'ok', text: `certificate for ${names.join(', ')} until ${formatDate(notAfter)}, ${chain}` },
  ];
}

/** That it can be written was seen to when the settings were checked. */
function probeDataDirectory({ dataDir }: Configuration): Finding {
  if (dataDir !== undefined) return { level: 'ok', text: `data directory ${dataDir} can be written` };
  return {
    level: 'warning',
    text: 'without --data-dir a restart forgets the swarms, and fails UDP clients for a minute',
  };
}

function probeDescriptors(configuration: Configuration): Finding {
  const connections = connectionLimit(configuration);
  const text = `descriptors for ${connections} HTTP connections at a time`;
  if (connections >= fewConnections) return { level: 'ok', text };
  return { level: 'warning', text: `${text} only: raise LimitNOFILE= in the unit, or ulimit -n` };
}

function probeFamilies({ host, ipv6 }: Configuration): Finding {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const outside = addresses.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
  const has4 = outside.some(({ family }) => family === 'IPv4');
  const has6 = outside.some(({ family }) => family === 'IPv6');
  const has = `this machine has ${[has4 && 'IPv4', has6 && 'IPv6'].filter(Boolean).join(' and ') || 'no address'}`;
  if (host !== undefined) return { level: 'ok', text: `${has}; --host chooses ${host}` };
  if (!has4 && !has6) return { level: 'warning', text: `${has} besides loopback: nobody else can reach it` };
  if (ipv6 && !has6)
    return { level: 'warning', text: `${has}: --ipv6 serves nobody yet; give it an IPv6 address` };
  if (!ipv6 && has6) return { level: 'ok', text: `${has}; --ipv6 would serve IPv6 too` };
  return { level: 'ok', text: has };
}

function probeMemory({ memoryLimit }: Configuration): Finding {
  // A container's limit where there is one (Node 20 says 0 or a huge number where there is none).
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  const text = `--memory-limit ${formatSize(memoryLimit)} of ${Math.round(memory / 2 ** 20)} MiB`;
  if (memoryLimit < memory * 0.8) return { level: 'ok', text };
  return { level: 'warning', text: `${text}: swarms may grow until the system ends the tracker; lower it` };
}

function probeWorkers({ workers }: Configuration): Finding {
  if (workers === 0) return { level: 'ok', text: 'UDP on the main thread (--workers 0)' };
  const { reason } = findFastPath();
  if (reason !== undefined) {
    return { level: 'warning', text: `UDP on the main thread, a good deal slower: ${reason}` };
  }
  const cores = availableParallelism();
  const text = `${formatCount(workers, 'socket worker')} on ${formatCount(cores, 'core')}`;
  if (workers <= cores) return { level: 'ok', text };
  return { level: 'warning', text: `${text}: more than cores only get in each other's way` };
}

function probeStreamWorkers({ streamWorkers }: Configuration): Finding {
  if (streamWorkers === 0) return { level: 'ok', text: 'HTTPS on the main thread (--stream-workers 0)' };
  const { reason } = loadSystemCalls();
  if (reason !== undefined) return { level: 'warning', text: `HTTPS on the main thread: ${reason}` };
  const cores = availableParallelism();
  const text = `${formatCount(streamWorkers, 'stream worker')} on ${formatCount(cores, 'core')}`;
  if (streamWorkers <= cores) return { level: 'ok', text };
  return { level: 'warning', text: `${text}: more than cores only take memory` };
}

function probeNode(): Finding {
  const warning = nodeLineWarning(process.versions.node, new Date());
  return {
    level: warning === undefined ? 'ok' : 'warning',
    text: warning ?? `Node.js ${process.versions.node}`,
  };
}
