// What becomes of another tracker's settings: which of ours they are, where each comes from, and what is told of the rest.
import { type OptionName, type OptionValues, optionOf } from '../server/options/options.ts';
import { formatPlace, type OtherList, type OtherListener, type Place } from './findings.ts';

/**
 * `taken`: means the same here. `differs`: taken, or left as it is here, with another effect. `no counterpart`: nothing
 * here does that.
 */
export type Verdict = 'taken' | 'differs' | 'no counterpart';

export interface Remark {
  verdict: Verdict;
  /** Undefined for what holds whatever the configuration says. */
  place: Place | undefined;
  text: string;
}

export interface TakenSetting {
  value: NonNullable<unknown>;
  place: Place;
}

type Values = Partial<{ [K in OptionName]: NonNullable<OptionValues[K]> }>;

export class Transfer {
  readonly settings = new Map<OptionName, TakenSetting>();
  readonly lists: OtherList[] = [];
  readonly listeners: OtherListener[] = [];
  readonly #remarks: Remark[] = [];
  readonly #proxies: Place[] = [];

  /**
   * Values that a setting becomes; of numbers that this tracker does not take, the nearest.
   * @param but how it has another effect here
   */
  take(place: Place, values: Values, but?: string): void {
    for (const [name, value] of Object.entries(values) as [OptionName, NonNullable<unknown>][]) {
      this.#takeOne(place, name, value, but);
    }
  }

  /** What has no counterpart, and what to do about it. */
  drop(place: Place, why: string): void {
    this.#remarks.push({ verdict: 'no counterpart', place, text: why });
  }

  /** What is as it is here, whatever the configuration says; or said of one place. */
  differs(text: string, place?: Place): void {
    this.#remarks.push({ verdict: 'differs', place, text });
  }

  /** A socket of the other tracker. */
  listen(listener: OtherListener): void {
    if (listener.port === 0) {
      this.drop(listener.place, 'port 0 switches it off here: name the port');
      return;
    }
    this.listeners.push(listener);
  }

  list(list: OtherList): void {
    this.lists.push(list);
  }

  /** A setting by which whoever connects was believed about the address of a client. */
  trustProxy(place: Place): void {
    this.#proxies.push(place);
  }

  /** What the other tracker does where its configuration says nothing; after everything else was read. */
  assume(tracker: string, values: Values): void {
    for (const [name, value] of Object.entries(values) as [OptionName, NonNullable<unknown>][]) {
      if (!this.settings.has(name))
        this.settings.set(name, { value, place: { file: `default of ${tracker}`, text: '' } });
    }
  }

  /** Settles what depends on several settings. Once, after the listeners were merged and the lists collected. */
  settle(): void {
    this.#settleProxies();
    this.#settleHttps();
    this.#settleIntervals();
  }

  /** In the order of the files and lines; what holds everywhere comes last. */
  get remarks(): readonly Remark[] {
    const files = [...new Set(this.#remarks.map(({ place }) => place?.file))];
    const rank = ({ place }: Remark) => (place === undefined ? files.length : files.indexOf(place.file));
    return this.#remarks
      .map((remark, index) => ({ remark, index }))
      .sort((a, b) => {
        const byFile = rank(a.remark) - rank(b.remark);
        const byLine = (a.remark.place?.line ?? 0) - (b.remark.place?.line ?? 0);
        return byFile || byLine || a.index - b.index;
      })
      .map(({ remark }) => remark);
  }

  #takeOne(place: Place, name: OptionName, value: NonNullable<unknown>, but: string | undefined): void {
    const { kind } = optionOf(name);
    const fitting = kind.fromToml(value) ?? nearest(value, kind.range);
    if (fitting === undefined) {
      this.drop(place, `${name} must be ${kind.describe}`);
      return;
    }
    const setting = `${name} = ${kind.format(fitting)}`;
    const earlier = this.settings.get(name);
    if (earlier !== undefined && kind.format(earlier.value) !== kind.format(fitting)) {
      const stays = `${name} = ${kind.format(earlier.value)} of ${formatPlace(earlier.place)} stays`;
      this.differs(`one value serves every transport here: ${stays}`, place);
      return;
    }
    this.settings.set(name, earlier ?? { value: fitting, place });
    const changed = fitting !== value && typeof value === 'number' ? `${name} must be ${kind.describe}` : but;
    const told = this.#remarks.find((remark) => remark.place === place && remark.verdict === 'taken');
    if (changed !== undefined) this.differs(`${setting}: ${changed}`, place);
    else if (told !== undefined) {
      if (!told.text.split(', ').includes(setting)) told.text += `, ${setting}`;
    } else this.#remarks.push({ verdict: 'taken', place, text: setting });
  }

  #settleHttps(): void {
    const https = this.settings.get('https-port');
    if (https === undefined || https.value === 0) return;
    if (this.settings.has('cert') && this.settings.has('key')) return;
    for (const name of ['https-port', 'cert', 'key'] as const) this.settings.delete(name);
    const places = this.listeners.filter(({ protocol }) => protocol === 'https').map(({ place }) => place);
    for (const place of [https.place, ...places]) this.#retract(place);
    this.drop(
      https.place,
      'HTTPS needs a certificate and its key: set https-port, cert and key, or acme-domain',
    );
  }

  #settleIntervals(): void {
    const interval = this.settings.get('interval');
    const least = this.settings.get('min-interval');
    if (interval === undefined || least === undefined || Number(least.value) <= Number(interval.value))
      return;
    this.settings.set('min-interval', { ...least, value: interval.value });
    this.#retract(least.place);
    this.differs(
      `min-interval = ${interval.value}: it must not be longer than interval here`,
      least.place.text === '' ? undefined : least.place,
    );
  }

  /** What was told of a place that in the end is not as it was told. */
  #retract(place: Place): void {
    const at = this.#remarks.findIndex((remark) => remark.place === place && remark.verdict === 'taken');
    if (at >= 0) this.#remarks.splice(at, 1);
  }

  #settleProxies(): void {
    const host = this.settings.get('host')?.value;
    for (const place of this.#proxies) {
      if (host === '127.0.0.1' || host === '::1') {
        this.take(
          place,
          { 'trusted-proxy': [String(host)] },
          'only X-Forwarded-For is read, and only from there',
        );
      } else {
        this.drop(
          place,
          'who the proxy is must be said: set trusted-proxy to its address, or all clients will seem to be one; it must ' +
            'send X-Forwarded-For',
        );
      }
    }
  }
}

function nearest(value: unknown, range: readonly [number, number] | undefined): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || range === undefined) return undefined;
  return Math.min(Math.max(Math.round(value), range[0]), range[1]);
}
