// How --rate-limit is written: `udp=200:2000,http=50:500`, a rate and a burst each, or `off`.
import type { TokenRate } from '../../tracker/token-buckets.ts';
import type { Kind } from './option-kinds.ts';

/** Undefined where there is no limit. */
export interface RateLimit {
  readonly udp: TokenRate | undefined;
  readonly http: TokenRate | undefined;
}

export const defaultRates: RateLimit = {
  udp: { rate: 200, burst: 2000 },
  http: { rate: 50, burst: 500 },
};

/** A bucket holds at most so many tokens, and at least those of one second. */
const maxBurst = 65_535;

export function rateLimit(): Kind<RateLimit> {
  return {
    describe: 'off, or rates such as udp=200:2000,http=50:500 (a second, and at once)',
    flag: false,
    repeatable: false,
    parse,
    fromToml: (value) => (typeof value === 'string' ? parse(value) : undefined),
    format: (value) => JSON.stringify(format(value)),
  };
}

function parse(text: string): RateLimit | undefined {
  if (text === 'off') return { udp: undefined, http: undefined };
  const rates = new Map<string, TokenRate | undefined>();
  for (const part of text.split(',')) {
    const match = /^(udp|http)=(?:off|([0-9]{1,5})(?::([0-9]{1,5}))?)$/.exec(part.trim());
    if (match === null || rates.has(match[1])) return undefined;
    if (match[2] === undefined) {
      rates.set(match[1], undefined);
      continue;
    }
    const rate = Number(match[2]);
    const burst = match[3] === undefined ? Math.min(10 * rate, maxBurst) : Number(match[3]);
    if (rate < 1 || burst < rate || burst > maxBurst) return undefined;
    rates.set(match[1], { rate, burst });
  }
  // What is not mentioned keeps its default, so that lifting one limit does not lift the other.
  return {
    udp: rates.has('udp') ? rates.get('udp') : defaultRates.udp,
    http: rates.has('http') ? rates.get('http') : defaultRates.http,
  };
}

function format({ udp, http }: RateLimit): string {
  if (udp === undefined && http === undefined) return 'off';
  const one = (rate: TokenRate | undefined) => (rate === undefined ? 'off' : `${rate.rate}:${rate.burst}`);
  return `udp=${one(udp)},http=${one(http)}`;
}
