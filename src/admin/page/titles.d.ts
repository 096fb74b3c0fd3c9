// What /titles.js holds: the admin door writes it from the list of transports, which browsers do not have.
import type { Stats } from '../schema.ts';

export const transportTitles: Readonly<Record<Stats['transports'][number]['transport'], string>>;
export const peerKinds: Readonly<Record<keyof Stats['peers']['seeders'], string>>;
/** In the order in which they are shown. */
export const refusalTitles: Readonly<Record<keyof Stats['refused'], string>>;
