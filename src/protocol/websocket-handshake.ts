/**
 * Knows the HTTP request that opens a WebSocket and its answer (RFC 6455, 4), from either end. No subprotocol and no extension
 * is ever agreed on.
 *
 * A tracker: `faultOfUpgrade(request)`, then `upgradeAnswer(key, digest)`, the fields of the 101. A client:
 * `upgradeFields(key)` and `faultOfUpgradeAnswer(answer, key, digest)`. The SHA-1 comes from the caller.
 */

/** Text → base64 of the SHA-1 of its latin1 bytes. */
export type Sha1Base64 = (text: string) => string;

/** A request's line and those of its fields that matter here; equal fields joined by `, `, undefined where there is none. */
export interface UpgradeRequest {
  method: string;
  /** HTTP/1.1 or later. */
  http11: boolean;
  upgrade: string | undefined;
  connection: string | undefined;
  /** Sec-WebSocket-Key. */
  key: string | undefined;
  /** Sec-WebSocket-Version. */
  version: string | undefined;
}

/** What a refused upgrade is answered with. */
export interface UpgradeFault {
  status: 400 | 405 | 426;
  /** For the body. */
  reason: string;
  /** Fields to be added: what would be accepted. */
  fields: readonly (readonly [name: string, value: string])[];
}

const offered = [
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
] as const;

// Ready-made, so that a refusal costs nothing.
const wrongMethod: UpgradeFault = {
  status: 405,
  reason: 'a WebSocket is opened with GET',
  fields: [['Allow', 'GET']],
};
const oldHttp: UpgradeFault = { status: 400, reason: 'a WebSocket needs HTTP/1.1', fields: [] };
const noUpgrade: UpgradeFault = {
  status: 426,
  reason: 'only an upgrade to websocket is known',
  fields: offered,
};
const noConnection: UpgradeFault = { status: 400, reason: 'Connection does not say upgrade', fields: [] };
const wrongVersion: UpgradeFault = {
  status: 426,
  reason: 'only WebSocket version 13 is spoken',
  fields: offered,
};
const wrongKey: UpgradeFault = { status: 400, reason: 'invalid Sec-WebSocket-Key', fields: [] };

/** Why a request cannot be answered with 101; undefined when it can. */
export function faultOfUpgrade(request: UpgradeRequest): UpgradeFault | undefined {
  if (request.method !== 'GET') return wrongMethod;
  if (!request.http11) return oldHttp;
  if (!hasToken(request.upgrade, 'websocket')) return noUpgrade;
  if (!hasToken(request.connection, 'upgrade')) return noConnection;
  if (request.version?.trim() !== '13') return wrongVersion;
  return isWebSocketKey(request.key) ? undefined : wrongKey;
}

/** Base64 of 16 bytes: the last character before `==` has four bits that mean nothing, and any are taken. */
function isWebSocketKey(key: string | undefined): boolean {
  return key !== undefined && /^[A-Za-z0-9+/]{22}==$/.test(key.trim());
}

/** Whether a field that is a list of tokens, such as `keep-alive, Upgrade`, holds `token` in any case. */
function hasToken(field: string | undefined, token: string): boolean {
  if (field === undefined) return false;
  return field.split(',').some((word) => word.trim().toLowerCase() === token);
}

/** The fields of a 101 for a Sec-WebSocket-Key that passed, in order. */
export function upgradeAnswer(key: string, digest: Sha1Base64): readonly (readonly [string, string])[] {
  return [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptOf(key, digest)],
  ];
}

const webSocketGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function acceptOf(key: string, digest: Sha1Base64): string {
  return digest(key.trim() + webSocketGuid);
}

/** The fields of a client's request besides Host; `key` is base64 of 16 random bytes. */
export function upgradeFields(key: string): readonly (readonly [string, string])[] {
  return [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  ];
}

/** The fields of a 101 that a client checks; undefined where there is none. */
export interface UpgradeAnswer {
  upgrade: string | undefined;
  connection: string | undefined;
  accept: string | undefined;
  extensions: string | undefined;
  protocol: string | undefined;
}

/** What is wrong with a 101 to the request with `key`; undefined when the WebSocket is open. */
export function faultOfUpgradeAnswer(
  answer: UpgradeAnswer,
  key: string,
  digest: Sha1Base64,
): string | undefined {
  if (!hasToken(answer.upgrade, 'websocket')) return 'its Upgrade is not websocket';
  if (!hasToken(answer.connection, 'upgrade')) return 'its Connection does not say upgrade';
  if (answer.accept?.trim() !== acceptOf(key, digest)) return 'its Sec-WebSocket-Accept does not fit the key';
  if (answer.extensions !== undefined) return 'it uses an extension that was not asked for';
  if (answer.protocol !== undefined) return 'it uses a subprotocol that was not asked for';
  return undefined;
}
