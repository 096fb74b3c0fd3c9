// The list of transports, in the order in which they are shown. A new one is a folder of its own and a line here.
import { requestRefusals } from './description.ts';
import { http, https } from './http/description.ts';
import { udp } from './udp/description.ts';
import { webtorrent } from './webtorrent/description.ts';

/** Those with sockets of their own. */
export const listeningTransports = [udp, http, https] as const;
export const transports = [...listeningTransports, webtorrent] as const;

export type ListeningTransport = (typeof listeningTransports)[number];
export type Transport = (typeof transports)[number];
export type TransportName = Transport['name'];
export type TransportTitle = Transport['title'];
export type ListeningTitle = ListeningTransport['title'];

export const transportNames: readonly TransportName[] = transports.map(({ name }) => name);

export const transportTitles = Object.fromEntries(
  transports.map(({ name, title }) => [name, title]),
) as Readonly<Record<TransportName, TransportTitle>>;

type UnionToKeys<T> = T extends { refusals: infer R } ? keyof R : never;
/** Why requests are refused; the list is closed, so that nothing a peer sends can add to it. */
export type RefusalReason = keyof typeof requestRefusals | UnionToKeys<Transport>;

const { other, ...ofRequests } = requestRefusals;
/** With their titles, in the order in which they are shown. */
export const refusalTitles = Object.assign({ ...ofRequests }, ...transports.map(({ refusals }) => refusals), {
  other,
}) as Readonly<Record<RefusalReason, string>>;

export const refusalReasons = Object.keys(refusalTitles) as readonly RefusalReason[];
