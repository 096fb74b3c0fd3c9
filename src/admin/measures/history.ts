// The last hour by second and the last week by minute, in rings of fixed size.

import { type TransportName, transportNames } from '../../transport/transports.ts';

const announceSeries = Object.fromEntries(
  transportNames.flatMap((name) => [
    [`announces_${name}4`, 'mean'],
    [`announces_${name}6`, 'mean'],
  ]),
) as Readonly<Record<`announces_${TransportName}${4 | 6}`, 'mean'>>;

/** What is remembered, and how a minute follows from its seconds. Names stay as they are: files hold them. */
export const historySeries = {
  ...announceSeries,
  scrapes: 'mean',
  refused: 'mean',
  dropped: 'mean',
  swarms: 'mean',
  seeders: 'mean',
  leechers: 'mean',
  latency_p50: 'mean',
  latency_p99: 'max',
  memory: 'mean',
  resident: 'mean',
  cpu: 'mean',
  bytes_in: 'mean',
  bytes_out: 'mean',
  packets_in: 'mean',
  packets_out: 'mean',
} as const;
export type HistorySeries = keyof typeof historySeries;
export const historySeriesNames = Object.keys(historySeries) as HistorySeries[];

export type HistoryRow = Record<HistorySeries, number>;

export interface HistoryExcerpt {
  /** Seconds since 1970 of the first row. */
  from: number;
  /** Seconds from row to row. */
  step: number;
  /** One number a row; null where nothing was recorded. */
  series: Partial<Record<HistorySeries, (number | null)[]>>;
}

export const historyRanges = { hour: 3600, day: 86_400, week: 604_800 } as const;
export type HistoryRange = keyof typeof historyRanges;

/** About a millisecond of work. */
const pointsPerSlice = 2000;
const columns = historySeriesNames.length;

/** A ring of rows, one each `step` seconds. */
export class HistoryRing {
  readonly step: number;
  readonly rows: number;
  /** Which step (seconds since 1970 over `step`) each row is of; 0: none. */
  readonly steps: Float64Array;
  /** NaN: not recorded, though others of its row are. */
  readonly values: Float32Array;

  constructor(step: number, rows: number) {
    this.step = step;
    this.rows = rows;
    this.steps = new Float64Array(rows);
    this.values = new Float32Array(rows * columns);
  }

  /** Writes the row of a step, over what stood there before. */
  put(step: number, row: ArrayLike<number>): void {
    const at = step % this.rows;
    this.steps[at] = step;
    this.values.set(row, at * columns);
  }

  /** Where the row of a step begins in `values`, or −1. */
  at(step: number): number {
    const at = step % this.rows;
    return this.steps[at] === step ? at * columns : -1;
  }
}

export class History {
  readonly seconds = new HistoryRing(1, historyRanges.hour);
  readonly minutes = new HistoryRing(60, historyRanges.week / 60);
  readonly #row = new Float64Array(columns);
  readonly #minute = new Float64Array(columns);
  #minuteRows = 0;
  #minuteStep = 0;

  /** Records one second; `second` is seconds since 1970. */
  record(second: number, row: HistoryRow): void {
    for (let i = 0; i < columns; i++) this.#row[i] = row[historySeriesNames[i]];
    this.seconds.put(second, this.#row);
    const step = Math.floor(second / 60);
    if (step !== this.#minuteStep) {
      this.#minuteStep = step;
      this.#minuteRows = 0;
      this.#minute.fill(0);
    }
    this.#minuteRows++;
    for (let i = 0; i < columns; i++) {
      const value = this.#row[i];
      if (historySeries[historySeriesNames[i]] === 'max') {
        this.#minute[i] = Math.max(this.#minute[i], value);
      } else {
        this.#minute[i] += (value - this.#minute[i]) / this.#minuteRows;
      }
    }
    // Each second anew, so that the current minute can be read too.
    this.minutes.put(step, this.#minute);
  }

  /** The rows of a range that ends at `now` (seconds since 1970), put together so that there are at most `points`. */
  read(range: HistoryRange, now: number, points: number, names: readonly HistorySeries[]): HistoryExcerpt {
    const reading = this.readInSlices(range, now, points, names);
    for (let slice = reading.next(); ; slice = reading.next()) if (slice.done) return slice.value;
  }

  /** The same, with a pause after each `pointsPerSlice` for whatever else the thread has to do. */
  *readInSlices(
    range: HistoryRange,
    now: number,
    points: number,
    names: readonly HistorySeries[],
  ): Generator<undefined, HistoryExcerpt> {
    const ring = range === 'hour' ? this.seconds : this.minutes;
    const steps = historyRanges[range] / ring.step;
    const perPoint = Math.max(1, Math.ceil(steps / points));
    const count = Math.floor(steps / perPoint);
    // Points begin at multiples of their length, so that they stay the same from one reading to the next.
    const end = (Math.floor(Math.floor(now / ring.step) / perPoint) + 1) * perPoint;
    const first = end - count * perPoint;
    const series: HistoryExcerpt['series'] = {};
    for (const name of names) {
      const column = historySeriesNames.indexOf(name);
      const max = historySeries[name] === 'max';
      const values = new Array<number | null>(count);
      for (let point = 0; point < count; point++) {
        values[point] = readPoint(ring, first + point * perPoint, perPoint, column, max);
        if (point % pointsPerSlice === pointsPerSlice - 1) yield;
      }
      series[name] = values;
    }
    return { from: first * ring.step, step: perPoint * ring.step, series };
  }
}

function readPoint(
  ring: HistoryRing,
  first: number,
  steps: number,
  column: number,
  max: boolean,
): number | null {
  let rows = 0;
  let value = 0;
  for (let step = first; step < first + steps; step++) {
    const at = ring.at(step);
    if (at < 0) continue;
    const next = ring.values[at + column];
    if (Number.isNaN(next)) continue;
    rows++;
    value = max ? Math.max(value, next) : value + next;
  }
  if (rows === 0) return null;
  return Number((max ? value : value / rows).toPrecision(5));
}
