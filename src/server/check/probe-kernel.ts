// Which parameters of Linux would lose a busy tracker's datagrams, and how they are changed.
import { readFileSync } from 'node:fs';
import type { Finding } from './finding.ts';

const wantedReceiveBuffer = 8 * 1024 * 1024;
/** New UDP clients a second that a connection table should hold out; a listed tracker gets thousands. */
const manyNewClients = 10_000;

/** `undefined` where the system does not say (not Linux, or a sandbox). */
export function probeReceiveBuffer(read = readSetting): Finding | undefined {
  const most = read('net/core/rmem_max');
  if (most === undefined) return undefined;
  const text = `net.core.rmem_max is ${most}`;
  if (most >= wantedReceiveBuffer) return { level: 'ok', text };
  return {
    level: 'warning',
    text:
      `${text}: bursts of UDP are lost; raise it: ` +
      `echo net.core.rmem_max=${wantedReceiveBuffer} >/etc/sysctl.d/90-tracker.conf && sysctl --system`,
  };
}

/** The firewall's table of connections takes a line for every UDP client, and drops datagrams when it is full. */
export function probeConntrack(read = readSetting): Finding | undefined {
  const most = read('net/netfilter/nf_conntrack_max');
  if (most === undefined) return { level: 'ok', text: 'no connection tracking for UDP to fill' };
  const now = read('net/netfilter/nf_conntrack_count') ?? 0;
  const seconds = read('net/netfilter/nf_conntrack_udp_timeout') ?? 30;
  const clients = Math.floor(most / seconds);
  const text = `connection tracking holds ${most} connections (${now} now): ${clients} new UDP clients a second`;
  if (clients >= manyNewClients && now < most * 0.8) return { level: 'ok', text };
  return {
    level: 'warning',
    text:
      `${text}, more are dropped; for a large tracker raise net.netfilter.nf_conntrack_max, ` +
      'or take its UDP port out with notrack rules (docs/install.md, section 7)',
  };
}

function readSetting(name: string): number | undefined {
  try {
    const text = readFileSync(`/proc/sys/${name}`, 'latin1').trim();
    return /^[0-9]+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
