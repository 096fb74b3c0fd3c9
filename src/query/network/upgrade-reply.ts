// Knows how to read the head of the reply to an upgrade from a connection: its status, the fields that matter, and what follows it.
import type { Socket } from 'node:net';
import { reasonOf } from './tcp-connect.ts';
import { TrackerError } from './tracker-error.ts';

const maxHead = 16 * 1024;

export interface UpgradeReply {
  status: number;
  upgrade: string | undefined;
  connection: string | undefined;
  accept: string | undefined;
  extensions: string | undefined;
  protocol: string | undefined;
  location: string | undefined;
  /** What came behind the head. */
  rest: Buffer;
}

/** Reads until the head is there; the socket is paused then. Throws a TrackerError. */
export function readUpgradeReply(socket: Socket): Promise<UpgradeReply> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const stop = () => {
      socket.pause();
      socket.off('data', onData).off('error', onError).off('close', onClose);
    };
    const settle = (work: () => UpgradeReply) => {
      stop();
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    };
    const onData = (bytes: Buffer) => {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n');
      if (end >= 0) return settle(() => parseHead(head, end));
      if (head.length > maxHead) settle(() => fail('the head of the reply is larger than 16 KiB'));
      else if (!'HTTP/'.startsWith(head.subarray(0, 5).toString('latin1'))) settle(notHttp);
    };
    const onError = (error: Error) =>
      settle(() => {
        throw new TrackerError(reasonOf(error), { trouble: 'closed', cause: error });
      });
    const onClose = () =>
      settle(() => {
        throw new TrackerError('the connection was closed without an answer', { trouble: 'closed' });
      });
    socket.on('data', onData).on('error', onError).on('close', onClose);
  });
}

function parseHead(bytes: Buffer, end: number): UpgradeReply {
  if (end > maxHead) return fail('the head of the reply is larger than 16 KiB');
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(first)?.[1];
  if (status === undefined) return notHttp();
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? notHttp();
    const known = fields.get(name.toLowerCase());
    fields.set(name.toLowerCase(), known === undefined ? value : `${known}, ${value}`);
  }
  return {
    status: Number(status),
    upgrade: fields.get('upgrade'),
    connection: fields.get('connection'),
    accept: fields.get('sec-websocket-accept'),
    extensions: fields.get('sec-websocket-extensions'),
    protocol: fields.get('sec-websocket-protocol'),
    location: fields.get('location'),
    rest: bytes.subarray(end + 4),
  };
}

function notHttp(): never {
  throw new TrackerError('not an HTTP reply', { trouble: 'not-http' });
}

function fail(message: string): never {
  throw new TrackerError(message);
}
