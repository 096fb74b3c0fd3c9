// Where things lie in a packet that the filter program reads, from Ethernet to the question, and numbers as they stand there.

/** What becomes of a packet (enum xdp_action). */
export const XdpAction = { aborted: 0, drop: 1, pass: 2, tx: 3, redirect: 4 } as const;

/** struct xdp_md: where a packet begins and ends, and the queue that it came by. */
export const context = { data: 0, dataEnd: 4, queue: 16 } as const;
export const ethernet = { target: 0, source: 6, type: 12, bytes: 14 } as const;
export const vlanBytes = 4;
export const ipv4 = {
  ...{ versionAndLength: 0, length: 2, id: 4, fragment: 6, hops: 8, protocol: 9 },
  ...{ sum: 10, source: 12, target: 16, bytes: 20 },
} as const;
export const ipv6 = { version: 0, length: 4, next: 6, hops: 7, source: 8, target: 24, bytes: 40 } as const;
export const udp = { source: 0, target: 2, length: 4, sum: 6, bytes: 8 } as const;
/** What all questions begin with (BEP 15). */
export const question = { id: 0, idLow: 4, action: 8, transaction: 12, bytes: 16 } as const;
/** What answers a connect (BEP 15). */
export const connectAnswer = { action: 0, transaction: 4, id: 8, bytes: 16 } as const;

export const UDP = 17;

/** 16 bits as they stand in a packet, read by a little-endian machine. */
export const network16 = (value: number) => ((value & 0xff) << 8) | (value >> 8);
