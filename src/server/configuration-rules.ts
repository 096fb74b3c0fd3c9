// Which settings contradict each other, and which are legal but look mistaken.
import type { ResolvedConfiguration } from './configuration.ts';
import type { OptionName } from './options.ts';
import { UsageError } from './usage-error.ts';

const httpsOptions: OptionName[] = ['https-port', 'cert', 'key', 'redirect-http'];

/**
 * Looks at the settings together, after each was checked alone.
 * @returns warnings, one line each
 * @throws UsageError when two settings contradict each other
 */
export function checkConfiguration({ values, origins }: ResolvedConfiguration): string[] {
  for (const name of httpsOptions) {
    // 0 and false are how HTTPS is turned off, which is what this release does.
    if (origins[name] === 'default' || values[name] === 0 || values[name] === false) continue;
    throw new UsageError(
      `${nameIn(name, origins[name])}: HTTPS comes with a later release; this one serves HTTP and UDP`,
    );
  }
  if (values['min-interval'] > values.interval) {
    throw new UsageError(
      `--min-interval (${values['min-interval']}) must not be longer than --interval (${values.interval})`,
    );
  }
  const warnings: string[] = [];
  if (values['peer-ttl'] < values.interval) {
    warnings.push(
      `--peer-ttl (${values['peer-ttl']}) is shorter than --interval (${values.interval}): ` +
        'peers are forgotten before they announce again',
    );
  }
  return warnings;
}

function nameIn(name: OptionName, origin: string): string {
  return origin === 'flag' ? `--${name}` : `--${name} (from the ${origin})`;
}
