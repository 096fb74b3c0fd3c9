// Whether the engine of --cluster could carry the news of this node; where it could not, a start succeeds all the same, and
// the node answers alone.
import { type RedisTrial, tryRedis } from '../../cluster/redis/redis-trial.ts';
import { showRedisUrl } from '../../cluster/redis/redis-url.ts';
import type { Configuration } from '../options/configuration.ts';
import { formatSize } from '../options/option-kinds.ts';
import type { Finding } from './finding.ts';

/** What the engine keeps of the news, twice over, and parked sums and shards while nodes compare. */
const leastMemory = 256 * 2 ** 20;
/** Nothing depends on clocks that agree, but an engine's that is minutes off is a mistake. */
const farAheadMs = 60_000;

export async function probeCluster({ cluster, clusterSecretFile }: Configuration): Promise<Finding[]> {
  if (cluster === undefined) return [];
  const findings: Finding[] = [await probeEngine(cluster)];
  if (clusterSecretFile === undefined)
    findings.push({
      level: 'warning',
      text: '--cluster without --cluster-secret-file: whoever can write to the engine can put peers into swarms',
    });
  return findings;
}

async function probeEngine(url: string): Promise<Finding> {
  const where = `--cluster ${showRedisUrl(url)}`;
  let trial: RedisTrial;
  try {
    trial = await tryRedis(url);
  } catch (error) {
    const { message, cause } = error as Error;
    // Without the library there is no thread that could go on trying.
    const level = (cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_MODULE_NOT_FOUND';
    return {
      level: level ? 'error' : 'warning',
      text: `${where}: ${message}${level ? '' : '; this node answers alone until the engine takes its news'}`,
    };
  }
  const { server, aheadMs, answerMs } = trial;
  const clock =
    Math.abs(aheadMs) <= Math.max(answerMs, 50)
      ? 'its clock agrees with this one'
      : `its clock is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead' : 'behind'}, which changes nothing`;
  const text = `${where}: ${server} answers in ${answerMs} ms, and takes all commands; ${clock}`;
  const objection = objectionTo(trial);
  return {
    level: objection === undefined ? 'ok' : 'warning',
    text: objection ? `${text}; ${objection}` : text,
  };
}

function objectionTo({ maxMemory, memoryPolicy, aheadMs }: RedisTrial): string | undefined {
  if (maxMemory > 0 && maxMemory < leastMemory)
    return `maxmemory is ${formatSize(maxMemory)}: at ${formatSize(leastMemory)} it holds what nodes tell each other`;
  if (maxMemory > 0 && memoryPolicy !== '' && memoryPolicy !== 'noeviction')
    return `maxmemory-policy is ${memoryPolicy}: it may drop the news; noeviction is better`;
  if (Math.abs(aheadMs) > farAheadMs) return 'one of the two clocks is wrong';
  return undefined;
}
