// A message that is parked in the engine under a name, with one body: signed as all are, and of nobody who has not the secret.
import type { ClusterParts } from './cluster-parts.ts';
import { type Message, MessageKind, MessageWriter, openMessage, sealMessage } from './wire.ts';

type Parts = Pick<ClusterParts, 'sender' | 'signature'>;

export function sealParked({ sender, signature }: Parts, body: Uint8Array): Uint8Array {
  const writer = new MessageWriter(sender, body.length);
  writer.begin(MessageKind.parked, 0, 1);
  writer.raw(body);
  const message = writer.end();
  sealMessage(message, 0, signature);
  return message;
}

/** Undefined for what is not there, damaged, of another version or signed with another secret. */
export function openParked({ signature }: Parts, bytes: Uint8Array | undefined): Message | undefined {
  const message = bytes && openMessage(bytes, signature);
  return typeof message === 'object' ? message : undefined;
}
