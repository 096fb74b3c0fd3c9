// The history charts: which series each shows, in which unit and colour. uPlot draws them; it is loaded after the
// figures are on the screen.

import type uPlot from 'uplot';
import type { HistoryAnswer } from '../schema.ts';
import { ask } from './connection.ts';
import { byId, create } from './elements.ts';
import { formatBytes, formatRate, formatSeconds, formatShort } from './format.ts';
import { transportTitles } from './titles.js';

declare global {
  interface Window {
    uPlot?: typeof uPlot;
  }
}

interface ChartPlan {
  id: string;
  height: number;
  /** Series by name; one that was never anything but zero is left out when it is `optional`. */
  series: { name: string; title: string; color: number; optional?: true }[];
  axis: (value: number) => string;
  value: (value: number) => string;
  /** Distances that its grid lines may have, where powers of ten would look odd. */
  steps?: number[];
  /** The smallest upper end of the axis, so that noise does not fill the chart. */
  least: number;
}

const plans: ChartPlan[] = [
  {
    id: 'chart-announces',
    height: 230,
    series: announceSeries(),
    axis: formatShort,
    value: formatRate,
    least: 1,
  },
  {
    id: 'chart-peers',
    height: 180,
    series: [
      { name: 'seeders', title: 'Seeders', color: 3 },
      { name: 'leechers', title: 'Leechers', color: 1 },
    ],
    axis: formatShort,
    value: (value) => formatRate(Math.round(value)),
    least: 10,
  },
  {
    id: 'chart-refused',
    height: 180,
    series: [
      { name: 'refused', title: 'Refused', color: 2 },
      { name: 'dropped', title: 'Dropped', color: 6 },
    ],
    axis: formatShort,
    value: formatRate,
    least: 1,
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
    id: 'chart-memory',
    height: 180,
    series: [
      { name: 'memory', title: 'Swarms', color: 5 },
      { name: 'resident', title: 'Process', color: 8 },
    ],
    axis: formatBytes,
    steps: Array.from({ length: 32 }, (_, power) => 1024 * 2 ** power),
    value: formatBytes,
    least: 2 ** 20,
  },
];

/** Two lines a transport, shown once they were anything but zero; those of the first two over IPv4 always. */
function announceSeries(): ChartPlan['series'] {
  const colors = [
    [1, 5],
    [2, 6],
    [4, 7],
    [3, 8],
  ] as const;
  return Object.entries(transportTitles).flatMap(([name, title], index) => {
    const [color4, color6] = colors[index % colors.length]!;
    return [
      {
        ...{ name: `announces_${name}4`, title: `${title}, IPv4`, color: color4 },
        ...(index > 1 && { optional: true as const }),
      },
      { name: `announces_${name}6`, title: `${title}, IPv6`, color: color6, optional: true },
    ];
  });
}

export type Range = HistoryAnswer['range'];

const names = plans.flatMap(({ series }) => series.map(({ name }) => name)).join(',');
/** Of those a chart shows at least so many. */
const leastPoints = 12;
const points: Record<Range, number> = { hour: 360, day: 480, week: 560 };

export class Charts {
  readonly #drawn = new Map<string, { chart: uPlot; shown: string }>();
  #range: Range = 'hour';
  #history: HistoryAnswer | undefined;

  get range(): Range {
    return this.#range;
  }

  /** Asks for the history of a range and draws it. */
  async show(range: Range): Promise<void> {
    this.#range = range;
    const [history] = await Promise.all([
      ask<HistoryAnswer>(`api/v1/history?range=${range}&points=${points[range]}&series=${names}`),
      loadUplot(),
    ]);
    if (range !== this.#range) return;
    this.#history = history;
    for (const plan of plans) this.#draw(plan);
  }

  /** Draws all anew, in the colours and widths that hold now. */
  redraw(): void {
    for (const { chart } of this.#drawn.values()) chart.destroy();
    this.#drawn.clear();
    if (this.#history) for (const plan of plans) this.#draw(plan);
  }

  resize(): void {
    for (const plan of plans) {
      this.#drawn.get(plan.id)?.chart.setSize({ width: byId(plan.id).clientWidth, height: plan.height });
    }
  }

  #draw(plan: ChartPlan): void {
    const { from, step, series } = this.#history!;
    const shown = plan.series.filter(
      ({ name, optional }) => !optional || series[name]!.some((value) => value !== null && value > 0),
    );
    const first = firstPoint(series);
    const count = series[shown[0]!.name]!.length - first;
    const times = Array.from({ length: count }, (_, point) => from + (first + point) * step);
    const data: uPlot.AlignedData = [times, ...shown.map(({ name }) => series[name]!.slice(first))];
    const key = shown.map(({ name }) => name).join();
    const drawn = this.#drawn.get(plan.id);
    if (drawn?.shown === key) {
      drawn.chart.setData(data);
      return;
    }
    drawn?.chart.destroy();
    const place = byId(plan.id);
    this.#drawn.set(plan.id, {
      chart: new window.uPlot!(optionsOf(plan, shown, place.clientWidth), data, place),
      shown: key,
    });
  }
}

/** A tracker that has just begun fills its charts with what there is, not with emptiness. */
function firstPoint(series: HistoryAnswer['series']): number {
  const columns = Object.values(series);
  const count = columns[0]!.length;
  const recorded = columns.map((values) => values.findIndex((value) => value !== null));
  const first = Math.min(...recorded.map((point) => (point < 0 ? count : point)));
  return Math.max(0, Math.min(first, count - leastPoints));
}

function optionsOf(plan: ChartPlan, shown: ChartPlan['series'], width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: color('quiet'),
    grid: { stroke: color('line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    width,
    height: plan.height,
    // To the right, room for half of the last time.
    padding: [8, 34, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      // From zero, so that a height is an amount.
      y: { range: (_, __, max) => [0, Math.max(plan.least, (max ?? 0) * 1.08)] },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: timeTicks },
      {
        ...axis,
        size: 64,
        space: 34,
        values: (_, ticks) => ticks.map(plan.axis),
        ...(plan.steps && { incrs: plan.steps }),
      },
    ],
    series: [
      { label: 'Time', value: (_, time) => (time === null ? '–' : timeTitle(time)) },
      ...shown.map(({ title, color: number }) => ({
        label: title,
        stroke: color(`series-${number}`),
        width: 1.6,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : plan.value(value)),
      })),
    ],
  };
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const day = new Intl.DateTimeFormat('en', { weekday: 'short', day: 'numeric' });

function timeTicks(_: uPlot, ticks: number[]): string[] {
  const apart = ticks.length > 1 ? ticks[1]! - ticks[0]! : 0;
  return ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const midnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (midnight || apart >= 86_400) return day.format(date);
    return (apart < 60 ? clockSeconds : clock).format(date);
  });
}

function timeTitle(time: number): string {
  const date = new Date(time * 1000);
  return `${day.format(date)}, ${clockSeconds.format(date)}`;
}

let loading: Promise<void> | undefined;

function loadUplot(): Promise<void> {
  loading ??= new Promise<void>((resolve, reject) => {
    const styles = create('link');
    styles.rel = 'stylesheet';
    styles.href = 'uplot.css';
    const script = create('script');
    script.src = 'uplot.js';
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => reject(new Error('the charts could not be loaded')));
    document.head.append(styles, script);
  });
  return loading;
}
