// Judges the address that a tracker has for us: whether it can be ours, and who put another one in its place.
import { networkInterfaces } from 'node:os';
import { type AddressScope, scopeOf } from '../network/address-scope.ts';

export interface Sides {
  /** What the tracker says our address is. */
  listed: string;
  /** Our own end of the connection. */
  local: string;
  /** The tracker's address. */
  tracker: string;
}

export interface Blame {
  verdict: 'warn' | 'fail';
  /** Why `listed` cannot be right. */
  because: string;
  advice: string;
}

const proxyAdvice =
  'a proxy in front hides its clients: let it send X-Forwarded-For or the PROXY protocol, and let the tracker trust it (tracker-server: --trusted-proxy)';
const dockerAdvice =
  'the container sees its host instead of the clients: publish the port without the userland proxy, or use the host’s network (--network host)';

const dockerBridge = /^172\.(1[6-9]|2\d|3[01])\.0\.1$/;

/** Undefined when `listed` may well be ours, be it through NAT. */
export function blame({ listed, local, tracker }: Sides): Blame | undefined {
  const [ours, here, there] = [listed, local, tracker].map(unmapped) as [string, string, string];
  if (ours === here || isOwnAddress(ours)) {
    // On one machine everything is its own, except the loopback for what did not come over it.
    if (ours === here || scopeOf(ours) !== 'loopback' || scopeOf(here) === 'loopback') return undefined;
  }
  const scope = scopeOf(ours);
  if (scope === 'loopback') {
    return {
      verdict: 'fail',
      because: 'that is the tracker’s own machine, not where we ask from',
      advice: proxyAdvice,
    };
  }
  if (ours === there) {
    return { verdict: 'fail', because: 'that is the tracker’s own address, not ours', advice: proxyAdvice };
  }
  if (scope !== 'public') return judgePrivate(ours, scope, here, there);
  if (scopeOf(here) === 'public' && !here.includes(':')) {
    // A public IPv4 address of our own passes no NAT.
    return { verdict: 'fail', because: `we ask from ${here}`, advice: proxyAdvice };
  }
  return undefined;
}

function judgePrivate(ours: string, scope: AddressScope, here: string, there: string): Blame | undefined {
  const docker = dockerBridge.test(ours);
  const advice = docker ? dockerAdvice : proxyAdvice;
  if (scopeOf(there) === 'public') {
    const because = docker
      ? 'that is the bridge of a container, and nobody outside can reach it'
      : `that address is ${scope}, and nobody outside can reach it`;
    return { verdict: 'fail', because, advice };
  }
  // Between networks of the same house there may be NAT.
  if (docker) return { verdict: 'fail', because: 'that is the bridge of a container', advice };
  return { verdict: 'warn', because: `we ask from ${here}; right only if there is NAT in between`, advice };
}

export function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((own) => own.address === unmapped(address)),
  );
}

export function unmapped(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/, '');
}
