// What is found in another tracker's configuration, before it is said what becomes of it.
import { escapeForLog } from '../cli/escape-for-log.ts';

/** Where something stands. Without a line it is a word of a command line, or a default. */
export interface Place {
  file: string;
  line?: number | undefined;
  /** The key and its value as they stood. */
  text: string;
}

export interface OtherListener {
  place: Place;
  protocol: 'http' | 'https' | 'udp';
  /** An address; empty for all of both families. */
  host: string;
  port: number;
  /** Whether `::` leaves IPv4 alone. */
  v6only?: boolean;
}

/** A list of torrents of the other tracker: a file, or what stood in its configuration. */
export interface OtherList {
  kind: 'allowed' | 'denied';
  place: Place;
  /** Where its configuration finds it; several where that depends on how it was started. */
  paths: readonly string[];
  /** Items that stand in the configuration itself. */
  items: readonly string[];
  /** How to come by the list where it is no file. */
  advice?: string;
}

/** `opentracker.conf:3: listen.tcp_udp 0.0.0.0`, on one line whatever stood there. */
export function formatPlace({ file, line, text }: Place): string {
  const where = line === undefined ? file : `${file}:${line}`;
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return escapeForLog(text === '' ? where : `${where}: ${shown}`);
}
