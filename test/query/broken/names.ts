// Knows the names and addresses of the fixtures, and the hosts file that joins them.
import { broken, type Fixture, healthy } from './fixtures.ts';

/** From where the doctor asks: a public address, so that it is told from the trackers' own. */
export const asker = '185.9.9.9';
export const network = '185.1.2.0/24';

export function nameOf({ name }: Fixture): string {
  return `${name}.example.net`;
}

export function addressOf(fixture: Fixture): string {
  return `185.1.2.${[...broken, ...healthy].indexOf(fixture) + 1}`;
}

export function hostsFile(): string {
  const lines = [...broken, ...healthy].flatMap((fixture) => {
    const addresses = (fixture.leadsTo ?? 'HOST').replace('HOST', addressOf(fixture)).split(' ');
    return addresses.filter(Boolean).map((address) => `${address} ${nameOf(fixture)}\n`);
  });
  return `127.0.0.1 localhost\n${lines.join('')}`;
}
