// Sockets of this process once more, so that they stay open when whoever serves them closes theirs.
import { describeSocket } from '../../net/inherited-socket.ts';
import { duplicateDescriptor } from '../../net/pass-descriptors.ts';
import type { SystemCalls } from '../../net/system-calls.ts';
import { type PassedSocket, PassedSockets } from '../listening/passed-sockets.ts';
import type { OwnedSocket } from './conversation.ts';

/** @throws SystemCallError when there is no descriptor left */
export function keepSockets(calls: SystemCalls, sockets: readonly OwnedSocket[]): PassedSockets {
  const kept: PassedSocket[] = [];
  for (const { protocol, descriptor } of sockets) {
    const socket = describeSocket(calls, duplicateDescriptor(calls, descriptor));
    if (socket !== undefined) kept.push({ protocol, socket });
  }
  return new PassedSockets(kept);
}
