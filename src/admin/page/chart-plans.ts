// Which history charts there are: the series each shows, in which unit and colour.

import { formatBytes, formatRate, formatSeconds, formatShort } from './format.ts';
import { transportTitles } from './titles.js';

export interface ChartPlan {
  id: string;
  height: number;
  /** Series by name; one that was never anything but zero is left out when it is `optional`. */
  series: { name: string; title: string; color: number; dashed?: true; optional?: true }[];
  axis: (value: number) => string;
  value: (value: number) => string;
  /** Distances that its grid lines may have, where powers of ten would look odd. */
  steps?: number[];
  /** The smallest upper end of the axis, so that noise does not fill the chart. */
  least: number;
}

const counts = {
  height: 180,
  axis: formatShort,
  value: (value: number) => formatRate(Math.round(value)),
  least: 10,
};

const rates = { height: 180, axis: formatShort, value: formatRate, least: 1 };

/** Distances of lines that stand for bytes. */
const sizes = Array.from({ length: 42 }, (_, power) => 2 ** power);

const bytes = { height: 180, axis: formatBytes, steps: sizes };

const inAndOut = (what: string): ChartPlan['series'] => [
  { name: `${what}_in`, title: 'In', color: 1 },
  { name: `${what}_out`, title: 'Out', color: 2, dashed: true },
];

export const chartPlans: ChartPlan[] = [
  { ...rates, id: 'chart-announces', height: 230, series: announceSeries() },
  {
    ...counts,
    id: 'chart-peers',
    series: [
      { name: 'seeders', title: 'Seeders', color: 3 },
      { name: 'leechers', title: 'Leechers', color: 1 },
    ],
  },
  { ...counts, id: 'chart-swarms', series: [{ name: 'swarms', title: 'Swarms', color: 5 }] },
  {
    ...bytes,
    id: 'chart-bytes',
    series: inAndOut('bytes'),
    value: (bytes) => `${formatBytes(bytes)}/s`,
    least: 1024,
  },
  { ...rates, id: 'chart-packets', series: inAndOut('packets') },
  {
    ...rates,
    id: 'chart-refused',
    series: [
      { name: 'refused', title: 'Refused', color: 2 },
      { name: 'dropped', title: 'Dropped', color: 6 },
    ],
  },
  {
    id: 'chart-latency',
    height: 180,
    series: [
      { name: 'latency_p50', title: 'Median', color: 1 },
      { name: 'latency_p99', title: '99th percentile', color: 4 },
    ],
    axis: formatSeconds,
    value: formatSeconds,
    least: 1e-5,
  },
  {
    ...bytes,
    id: 'chart-memory',
    series: [
      { name: 'memory', title: 'Swarms', color: 5 },
      { name: 'resident', title: 'Process', color: 8 },
    ],
    value: formatBytes,
    least: 2 ** 20,
  },
  {
    id: 'chart-cpu',
    height: 180,
    series: [{ name: 'cpu', title: 'Cores in use', color: 7 }],
    axis: formatShort,
    value: (cores) => cores.toFixed(2),
    least: 0.1,
  },
];

/**
 * Two lines a transport in one colour, IPv6 dashed, shown once they were anything but zero; those of the first two over
 * IPv4 always.
 */
function announceSeries(): ChartPlan['series'] {
  const colors = [1, 2, 4, 3, 6, 7] as const;
  return Object.entries(transportTitles).flatMap(([name, title], index) => {
    const color = colors[index % colors.length];
    return [
      {
        ...{ name: `announces_${name}4`, title: `${title}, IPv4`, color },
        ...(index > 1 && { optional: true as const }),
      },
      { name: `announces_${name}6`, title: `${title}, IPv6`, color, dashed: true, optional: true },
    ];
  });
}
