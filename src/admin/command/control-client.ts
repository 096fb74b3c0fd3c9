// The other end of the admin door: questions from the same machine, through the UNIX socket or over loopback.

import { type IncomingMessage, request } from 'node:http';

/** Where the door is: its UNIX socket, or a port with the token that it may want. */
export type DoorAddress = { socketPath: string } | { host: string; port: number; token: string | undefined };

/** The tracker refused, or could not be reached; the message says which and why. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

const timeoutMs = 10_000;
/** More than any answer has; what goes on longer is not the tracker. */
const mostBytes = 16 * 2 ** 20;

/**
 * Asks once.
 * @throws ControlError
 */
export async function askDoor<T>(address: DoorAddress, path: string, method = 'GET'): Promise<T> {
  const response = await open(address, path, method);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    if (text.length > mostBytes) throw new ControlError('the answer does not end');
  }
  const body = parse(text) as { error?: string };
  if (response.statusCode !== 200) {
    throw new ControlError(body.error ?? `the tracker answered with status ${response.statusCode}`);
  }
  return body as T;
}

/**
 * The data of each server-sent event, until the tracker ends the stream.
 * @throws ControlError
 */
export async function* listenAtDoor<T>(address: DoorAddress, path: string): AsyncGenerator<T> {
  const response = await open(address, path, 'GET');
  if (response.statusCode !== 200)
    throw new ControlError(`the tracker answered with status ${response.statusCode}`);
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    const events = text.split('\n\n');
    text = events.pop()!.slice(0, mostBytes);
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield parse(data) as T;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ControlError('the answer is not from this tracker', { cause: error });
  }
}

function open(address: DoorAddress, path: string, method: string): Promise<IncomingMessage> {
  const headers: Record<string, string> = {};
  if ('token' in address && address.token !== undefined) headers.Authorization = `Bearer ${address.token}`;
  const where =
    'socketPath' in address ? { socketPath: address.socketPath } : { host: address.host, port: address.port };
  return new Promise((resolve, reject) => {
    const question = request({ ...where, path, method, headers, agent: false, timeout: timeoutMs }, resolve);
    question.on('timeout', () => question.destroy(new Error('no answer in time')));
    question.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new ControlError(`no tracker answers at ${describe(address)} (${reasonOf(error)})`, { cause: error }),
      );
    });
    question.end();
  });
}

function describe(address: DoorAddress): string {
  return 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`;
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such socket';
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'EACCES':
      return 'no permission; it is for the user that the tracker runs as, and for root';
    default:
      return message;
  }
}
