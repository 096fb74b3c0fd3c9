// The options of WebTorrent. Part of the table in options.ts.

import type { Option } from './option.ts';
import { onOff, texts } from './option-kinds.ts';

const origin =
  /^(?:https?:\/\/(?:\*\.)?[A-Za-z0-9.-]+(?::[0-9]{1,5})?|https?:\/\/\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?)$/;
const originOrNone = new RegExp(`${origin.source}|^none$`);

const off: Option<boolean> = {
  group: 'WebTorrent',
  kind: onOff(),
  default: false,
  help: 'Do not serve WebTorrent (WebSocket, ws and wss) on the HTTP and HTTPS ports.',
};

const allowed: Option<readonly string[]> = {
  reload: true,
  group: 'WebTorrent',
  kind: texts('an origin such as https://example.org or https://*.example.org', origin),
  placeholder: 'ORIGIN',
  default: [],
  defaultText: 'all',
  example: ['https://example.org'],
  help: 'Origin of web pages that may use WebTorrent; pages of others may not. Repeatable.',
};

const denied: Option<readonly string[]> = {
  reload: true,
  group: 'WebTorrent',
  kind: texts('an origin such as https://example.org or https://*.example.org, or none', originOrNone),
  placeholder: 'ORIGIN',
  default: [],
  defaultText: 'none',
  example: ['https://example.net'],
  help:
    'Origin of web pages that may not use WebTorrent; "none" shuts out clients that name no origin, which are no ' +
    'browsers. Repeatable.',
};

export const webTorrentOptions = {
  'no-webtorrent': off,
  'ws-origin': allowed,
  'deny-ws-origin': denied,
};
