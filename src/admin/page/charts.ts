// The history charts: from when to when they show it, and how uPlot draws it, which is loaded after the figures are on the
// screen.

import type uPlot from 'uplot';
import type { HistoryAnswer } from '../schema.ts';
import { type ChartPlan, chartPlans as plans } from './chart-plans.ts';
import { ask } from './connection.ts';
import { byId, create } from './elements.ts';

declare global {
  interface Window {
    uPlot?: typeof uPlot;
  }
}

export type Range = HistoryAnswer['range'];

const names = plans.flatMap(({ series }) => series.map(({ name }) => name)).join(',');
/** Of those a chart shows at least so many. */
const leastPoints = 12;
const points: Record<Range, number> = { hour: 360, day: 480, week: 560 };
/** As fine as there is something to see. */
const finePoints: Record<Range, number> = { hour: 3600, day: 1440, week: 2520 };
/** Seconds that a zoomed chart shows at least. */
const leastSpan = 10;

/** From when to when, in seconds since 1970. */
type Span = readonly [from: number, to: number];

export class Charts {
  readonly #drawn = new Map<string, { chart: uPlot; shown: string }>();
  readonly #zoomed: (zoomed: boolean) => void;
  #range: Range = 'hour';
  #history: HistoryAnswer | undefined;
  #zoom: Span | undefined;
  /** Drawn as fine as there is something to see. */
  #fine = false;

  /** @param zoomed is told whether less than the range is shown */
  constructor(zoomed: (zoomed: boolean) => void) {
    this.#zoomed = zoomed;
  }

  get range(): Range {
    return this.#range;
  }

  /**
   * Asks for the history of a range and draws it.
   * @param isYoung the tracker has run for so short a time that each second is to be seen
   */
  async show(range: Range, isYoung = this.#fine): Promise<void> {
    if (range !== this.#range) this.zoom(undefined);
    this.#range = range;
    this.#fine = isYoung;
    const fine = this.#zoom !== undefined || isYoung;
    const count = (fine ? finePoints : points)[range];
    const [history] = await Promise.all([
      ask<HistoryAnswer>(`api/v1/history?range=${range}&points=${count}&series=${names}`),
      loadUplot(),
    ]);
    if (range !== this.#range) return;
    this.#history = history;
    for (const plan of plans) this.#draw(plan);
  }

  /** Shows this part of the range in all charts; undefined: all of it. */
  zoom(span: Span | undefined): void {
    this.#zoom = span;
    this.#zoomed(span !== undefined);
    for (const { chart } of this.#drawn.values()) this.#setSpan(chart);
  }

  /** Shows the later half of what is shown. */
  zoomIn(): void {
    const span = this.#zoom ?? this.#span();
    if (span === undefined) return;
    const [from, to] = span;
    this.zoom([Math.min(to - leastSpan, (from + to) / 2), to]);
  }

  /** All that there is of the range. */
  #span(): Span | undefined {
    if (this.#history === undefined) return undefined;
    const { from, step, series } = this.#history;
    const count = Object.values(series)[0].length;
    return [from + firstPoint(series) * step, from + (count - 1) * step];
  }

  #setSpan(chart: uPlot): void {
    const [min, max] = this.#zoom ?? this.#span()!;
    chart.setScale('x', { min, max });
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
      ({ name, optional }) => !optional || series[name].some((value) => value !== null && value > 0),
    );
    const first = firstPoint(series);
    const count = series[shown[0].name].length - first;
    const times = Array.from({ length: count }, (_, point) => from + (first + point) * step);
    const data: uPlot.AlignedData = [times, ...shown.map(({ name }) => series[name].slice(first))];
    const key = shown.map(({ name }) => name).join();
    const drawn = this.#drawn.get(plan.id);
    if (drawn?.shown === key) {
      drawn.chart.setData(data, false);
      this.#setSpan(drawn.chart);
      return;
    }
    drawn?.chart.destroy();
    const place = byId(plan.id);
    const chart = new window.uPlot(
      optionsOf(plan, shown, place.clientWidth, (span) => this.zoom(span)),
      data,
      place,
    );
    this.#drawn.set(plan.id, { chart, shown: key });
    this.#setSpan(chart);
  }
}

/** A tracker that has just begun fills its charts with what there is, not with emptiness. */
function firstPoint(series: HistoryAnswer['series']): number {
  const columns = Object.values(series);
  const count = columns[0].length;
  const recorded = columns.map((values) => values.findIndex((value) => value !== null));
  const first = Math.min(...recorded.map((point) => (point < 0 ? count : point)));
  return Math.max(0, Math.min(first, count - leastPoints));
}

/** @param select is called with the part that somebody has marked */
function optionsOf(
  plan: ChartPlan,
  shown: ChartPlan['series'],
  width: number,
  select: (span: Span | undefined) => void,
): uPlot.Options {
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
    // What is marked is shown by all charts; uPlot itself would zoom this one alone.
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 }, sync: { key: 'history' } },
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width: marked } = chart.select;
          if (marked < 5) return;
          const from = chart.posToVal(left, 'x');
          select([from, Math.max(from + leastSpan, chart.posToVal(left + marked, 'x'))]);
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
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
      ...shown.map(({ title, color: number, dashed }) => ({
        label: title,
        stroke: color(`series-${number}`),
        width: 1.6,
        ...(dashed && { dash: [5, 4] }),
        // A line needs two points; one alone is a dot.
        points: { show: (chart: uPlot, index: number) => isLonely(chart.data[index]), size: 5 },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : plan.value(value)),
      })),
    ],
  };
}

function isLonely(values: ArrayLike<number | null | undefined>): boolean {
  return Array.from(values).filter((value) => value != null).length === 1;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockSeconds = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const day = new Intl.DateTimeFormat('en', { weekday: 'short', day: 'numeric' });

function timeTicks(_: uPlot, ticks: number[]): string[] {
  const apart = ticks.length > 1 ? ticks[1] - ticks[0] : 0;
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
