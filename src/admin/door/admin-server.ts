// The admin door's HTTP: one server over TCP or a UNIX socket, its bounds, its headers, and who is let in.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { infoHashWords } from '../../protocol/info-hash.ts';
import { endIdleConnections } from '../../transport/idle-connections.ts';
import { parseInfoHash } from '../measures/survey.ts';
import type { AdminLog } from '../observed-tracker.ts';
import { type IpVisibility, showIp } from '../shown-address.ts';
import type { AccessRules, Caller } from './access.ts';
import type { Api } from './api.ts';
import type { Assets } from './assets.ts';
import { DoorConnections } from './door-connections.ts';
import type { EventStreams } from './event-streams.ts';
import { RequestError } from './question.ts';
import { type Route, routes } from './routes.ts';
import type { WorkGate } from './work-gate.ts';

export interface AdminServerOptions {
  api: Api;
  access: AccessRules;
  assets: Assets;
  streams: EventStreams;
  gate: WorkGate;
  ipVisibility: IpVisibility;
  log: AdminLog;
  onException: (error: unknown) => void;
}

const headMs = 5000;
const keepAliveMs = 5000;
const checkEveryMs = 1000;
const gzipFrom = 1024;
const gzipAsync = promisify(gzip);

const securityFields = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'X-Frame-Options': 'DENY',
};

/** A server over one kind of door; `local` when the file system guards it. It does not listen yet. */
export function createAdminServer(options: AdminServerOptions, local: boolean): Server {
  const door: Door = { ...options, local, connections: new DoorConnections() };
  const server = createServer(
    {
      maxHeaderSize: 8192,
      headersTimeout: headMs,
      requestTimeout: 8000,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkEveryMs,
    },
    (request, response) => void answer(door, request, response),
  );
  door.connections.limit(server);
  endIdleConnections(server, { idleMs: keepAliveMs + headMs, checkEveryMs });
  return server;
}

/** One server's. */
interface Door extends AdminServerOptions {
  local: boolean;
  connections: DoorConnections;
}

async function answer(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const turn = door.connections.begin(request, response);
  if (turn === 'ignored') return;
  for (const [name, value] of Object.entries(securityFields)) response.setHeader(name, value);
  try {
    if (turn === 'busy') {
      response.setHeader('Connection', 'close');
      throw new RequestError(429, 'one question at a time on a connection');
    }
    await route(door, request, response);
  } catch (error) {
    // Whoever asked has left, or has been sent away.
    if (response.destroyed) return;
    if (error instanceof RequestError) {
      sendJson(door, request, response, error.status, { error: error.message });
      return;
    }
    door.onException(error);
    if (response.headersSent) response.destroy();
    else sendJson(door, request, response, 500, { error: 'internal error' });
  }
}

async function route(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.url ?? '';
  const queryAt = target.indexOf('?');
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const asset = door.assets.get(path);
  const access = door.access.decide(callerOf(request, door.local), asset !== undefined);
  if (!access.granted) {
    if (access.wrongToken) {
      const client = showIp(request.socket.remoteAddress, door.ipVisibility);
      door.log.warn('admin: wrong token', { client });
    }
    if (access.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="tracker admin"');
    throw new RequestError(access.status, access.error);
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (asset !== undefined && method === 'GET') {
    door.connections.sending(response, 0);
    door.assets.send(asset, request, response);
    return;
  }
  const found = findRoute(path, method ?? '');
  if (found.route.trustedOnly && !access.trusted) {
    throw new RequestError(403, 'this needs the token (--admin-token-file) or the UNIX socket');
  }
  if (found.route.answer === undefined) {
    door.streams.open(request, response);
    return;
  }
  const query = new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt + 1));
  const question = { trusted: access.trusted, query, infoHash: found.infoHash };
  const write = async () => {
    if (response.destroyed) throw new RequestError(503, 'nobody waits for it any more');
    if (door.connections.full) throw new RequestError(503, 'too many answers are on their way; ask again');
    const { status = 200, contentType, body } = await found.route.answer!(door.api, question);
    return { status, contentType, text: typeof body === 'string' ? body : JSON.stringify(body) };
  };
  // An action waits for others and not on this thread; the gate is for what is read and written down here.
  const { status, contentType, text } =
    method === 'GET' ? await door.gate.run(access.trusted, write) : await write();
  await send(door, request, response, status, contentType ?? 'application/json; charset=utf-8', text);
}

function callerOf({ socket, headers }: IncomingMessage, local: boolean): Caller {
  const fetchSite = headers['sec-fetch-site'];
  return {
    local,
    remoteAddress: socket.remoteAddress,
    localAddress: socket.localAddress,
    host: headers.host,
    authorization: headers.authorization,
    fetchSite: Array.isArray(fetchSite) ? fetchSite.join() : fetchSite,
  };
}

const noHash = new Int32Array(infoHashWords);

/** Compares whole paths; nothing that a client sends is ever looked up in a file system. */
function findRoute(path: string, method: string): { route: Route; infoHash: Int32Array } {
  const hash = /^\/api\/v1\/swarms\/([0-9a-fA-F]{40})(?=$|\/)/.exec(path)?.[1];
  const pattern = hash === undefined ? path : path.replace(hash, '{info_hash}');
  const candidates = routes.filter((route) => route.path === pattern);
  if (candidates.length === 0) throw new RequestError(404, 'not found');
  const found = candidates.find((route) => route.method === method);
  if (found === undefined) throw new RequestError(405, 'method not allowed');
  return { route: found, infoHash: hash === undefined ? noHash : parseInfoHash(hash)! };
}

function sendJson(
  door: Door,
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: unknown,
): void {
  void send(door, request, response, status, 'application/json; charset=utf-8', JSON.stringify(body));
}

async function send(
  { connections }: Door,
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  text: string,
): Promise<void> {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Vary', 'Accept-Encoding');
  // Nothing here wants a body; whoever sends one need not be read to its end.
  if (hasBody(request)) response.setHeader('Connection', 'close');
  let bytes: Buffer = Buffer.from(text);
  connections.sending(response, bytes.length);
  if (bytes.length >= gzipFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    bytes = await gzipAsync(bytes);
    response.setHeader('Content-Encoding', 'gzip');
  }
  response.setHeader('Content-Length', bytes.length);
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
