/** Why a peer announces, numbered as in BEP 15; `paused` (4) is BEP 21 and what libtorrent sends over UDP. */
export const Event = { none: 0, completed: 1, started: 2, stopped: 3, paused: 4 } as const;
/** One of those numbers. */
export type Event = (typeof Event)[keyof typeof Event];
