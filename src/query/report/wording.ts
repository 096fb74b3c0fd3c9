// Knows how times and numbers are put into words for people.
import { formatCount } from '../../cli/format-count.ts';
import type { Loss } from '../asking/effort.ts';
import type { Style } from '../terminal/terminal.ts';

export interface Speed {
  tier: 'Excellent' | 'Good' | 'OK' | 'Slow';
  style: Style;
}

/** How good a response time is. */
export function speedOf(ms: number): Speed {
  if (ms < 150) return { tier: 'Excellent', style: 'good' };
  if (ms < 300) return { tier: 'Good', style: 'good' };
  if (ms < 500) return { tier: 'OK', style: 'warning' };
  return { tier: 'Slow', style: 'bad' };
}

/** `12.3 ms` */
export function formatMs(ms: number): string {
  return `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

const units: [number, string][] = [
  [31_557_600, 'years'],
  [86_400, 'days'],
  [3600, 'h'],
  [60, 'min'],
];

/** `1800 s (30 min)` */
export function formatSeconds(seconds: number): string {
  const unit = units.find(([size]) => seconds >= size * (size > 3600 ? 2 : 1));
  if (!unit) return `${seconds} s`;
  const count = seconds / unit[0];
  return `${seconds} s (${Number.isInteger(count) ? count : count.toFixed(1)} ${unit[1]})`;
}

/** `0 of 2 packets`, `1 of 3 packets (33 %)` */
export function formatLoss({ unit, sent, lost }: Loss): string {
  const share = lost === 0 || sent === 0 ? '' : ` (${formatShare(lost / sent)})`;
  return `${lost} of ${formatCount(sent, unit)}${share}`;
}

/** `0.4 %`, `33 %` */
function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** `1 seed`, `2 seeds`; `- seeds` where the tracker does not say. */
export function seedsText(count: number | null | undefined): string {
  return typeof count === 'number' ? formatCount(count, 'seed') : '- seeds';
}

/** `1 leecher`, `2 leechers`; `- leechers` where the tracker does not say. */
export function leechersText(count: number | null | undefined): string {
  return typeof count === 'number' ? formatCount(count, 'leecher') : '- leechers';
}
