// What the filter in front of UDP has counted (net/xdp), in the words of transports: reasons for turning away, and figures of its own.

export interface XdpCounts {
  /** Meant for a worker's ring. */
  taken: number;
  /** Of them: to the sockets after all, as no ring was there. */
  withoutRing: number;
  fromPort0: number;
  tooShort: number;
  implausible: number;
  tooMany: number;
  unproven: number;
  /** Connects that the filter answered itself. */
  answered: number;
  /** Not put into a ring, for whatever reason; as it was full; as there was no frame. */
  dropped: number;
  ringFull: number;
  noFrame: number;
}

export const noXdpCounts: Readonly<XdpCounts> = {
  taken: 0,
  withoutRing: 0,
  fromPort0: 0,
  tooShort: 0,
  implausible: 0,
  tooMany: 0,
  unproven: 0,
  answered: 0,
  dropped: 0,
  ringFull: 0,
  noFrame: 0,
};

/** Why the shield drops a packet, each with its title. */
export const shieldRefusals = {
  shield_port_0: 'Shield: from port 0',
  shield_too_short: 'Shield: shorter than any request',
  shield_implausible: 'Shield: neither a connect nor an id of ours',
  shield_too_many: 'Shield: far too many from one address',
  shield_unproven: 'Shield: too many that prove no address',
} as const;

/** By the names of `shieldRefusals`. */
export function shieldCounts(counts: XdpCounts): Record<keyof typeof shieldRefusals, number> {
  return {
    shield_port_0: counts.fromPort0,
    shield_too_short: counts.tooShort,
    shield_implausible: counts.implausible,
    shield_too_many: counts.tooMany,
    shield_unproven: counts.unproven,
  };
}
