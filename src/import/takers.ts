// How a table says what the keys of another tracker's configuration become.
import type { OptionName } from '../server/options/options.ts';
import type { Entry } from './entries.ts';
import { parseSocketAddress } from './listeners.ts';
import type { Transfer } from './transfer.ts';

export type Taker = (entry: Entry, transfer: Transfer) => void;
export type Takers = Readonly<Record<string, Taker>>;

type NumberOption = Extract<
  OptionName,
  'interval' | 'min-interval' | 'peer-ttl' | 'max-peers' | 'max-scrape-hashes'
>;

/** @param but how the number has another effect here */
export function takesNumber(name: NumberOption, but?: string): Taker {
  return ({ value, place }, transfer) => transfer.take(place, { [name]: Number(value) }, but);
}

export function drops(why: string): Taker {
  return ({ place }, transfer) => transfer.drop(place, why);
}

/** Of a switch that is off nothing is told: here too nothing does that. */
export function whenOn(taker: Taker): Taker {
  return (entry, transfer) => {
    if (entry.value === true) taker(entry, transfer);
  };
}

export const trustsProxy: Taker = ({ place }, transfer) => transfer.trustProxy(place);

/** For what is taken with something else, or has no effect of its own. */
export const saidElsewhere: Taker = () => {};

/** The address of a page of figures for Prometheus, with the port that it has where none is named. */
export function takesMetrics(port: number): Taker {
  return ({ value, place }, transfer) => {
    if (value === '') return;
    const socket = parseSocketAddress(String(value), port);
    if (socket === undefined) {
      transfer.drop(place, 'no address and port');
      return;
    }
    const local = socket.host.startsWith('127.') || socket.host === '::1';
    const from = local
      ? ''
      : '; reached from this machine alone, until admin-host and admin-token-file are set';
    transfer.take(
      place,
      { 'admin-port': socket.port },
      `the figures have other names, docs/monitoring.md${from}`,
    );
  };
}

/** Takes the entry as the table says of this key; false when it says nothing. */
export function takeBy(takers: Takers, key: string, entry: Entry, transfer: Transfer): boolean {
  if (!Object.hasOwn(takers, key)) return false;
  takers[key](entry, transfer);
  return true;
}
