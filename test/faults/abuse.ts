// Floods: random info_hashes from many addresses, and packets from one; in a network namespace that has the addresses.
//
// The attacker gets the time that the others leave (SCHED_IDLE): it shares two processors with the tracker and the good
// clients, and its own work made them wait. So did the tracker's other threads, for which the tracker stands back (nice
// 10): clients elsewhere have processors of their own.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import type { FaultSuite, Scale } from './figures.ts';

const sceneScript = fileURLToPath(new URL('./abuse-scene.js', import.meta.url));
/** Public addresses, or nothing would be limited and no peer counted. */
const prepare4 =
  'ip link set lo up && ip route add local 11.0.0.0/8 dev lo && ip addr add 11.0.0.1/32 dev lo';
/** An IPv6 address can be bound only where there is one, whatever the routes say. */
const prepare6 =
  'echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind && ip -6 route add local 2a00::/16 dev lo && ' +
  'ip -6 addr add 2a00:1::1/128 dev lo nodad';

/** A namespace needs root, or a kernel that lets everybody have one. */
const skip =
  skipWithout('unshare', 'ip', 'chrt') || (canUnshare() ? false : 'may not make a network namespace');

export const randomSwarmsSuite: FaultSuite = {
  fault: 'a flood of random info_hashes against a small memory limit',
  limits: { lost: 0, refused: 0, failed: 0, overLimitMiB: 0, overTwiceKnownMs: 0 },
  atLeast: { announced: 150_000 },
  skip,
  run: (scale) => play('random', scale),
};

export const pinnedMemorySuite: FaultSuite = {
  fault: 'a flood of swarms of several sizes that are established here and there, to pin all memory',
  limits: { refused: 0, realRefused: 0, small: 0, overBoundKiB: 0, failed: 0 },
  atLeast: { announced: 300_000, established: 400 },
  skip,
  run: (scale) => play('pin', scale),
};

/** 256 buckets of one customer, who has a /48. */
export const oneNetworkSuite: FaultSuite = {
  fault: 'one IPv6 /48 that announces new swarms from all its addresses against a small memory limit',
  limits: { failed: 0, answeredOverLimit: 0, others: 0 },
  atLeast: { sent: 35_000, answered: 5000 },
  skip: skip || (existsSync('/proc/sys/net/ipv6') ? false : 'there is no IPv6 here'),
  run: (scale) => play('network', scale),
};

export const oneAddressSuite: FaultSuite = {
  fault: 'one address that sends 20,000 packets a second',
  limits: { failed: 0, overHalfMoreMs: 0, answeredOverLimit: 0 },
  // How much of the flood that is depends on how much of it this machine can send.
  atLeast: { shedPercent: 80, sent: 10_000 },
  skip,
  run: (scale) => play('one', scale),
};

async function play(scene: string, { long }: Scale): Promise<Record<string, number>> {
  const prepare = scene === 'network' ? `${prepare4} && ${prepare6}` : prepare4;
  const script = `${prepare} && exec "$0" "$@"`;
  const words = ['-rn', 'sh', '-c', script, process.execPath, sceneScript, scene, long ? '1' : '0'];
  const program = startProgram('unshare', words, { group: true });
  try {
    const { code } = await program.exit(long ? 600_000 : 240_000);
    if (code !== 0) throw new Error(program.describe(`ended with code ${code}`));
    return JSON.parse(program.stdout);
  } finally {
    await program.kill();
  }
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['-rn', 'true']).status === 0;
}
