// How messages are signed: whoever can write to the engine cannot put peers into swarms without the secret.
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { type Signature, signatureBytes } from './wire.ts';

/**
 * HMAC-SHA-256 with a key that is made of the secret. Without a secret everybody can make it, and it tells damage only.
 */
export function createSignature(secret: string): Signature {
  const key = clusterKey(secret, 'signature');
  const keyName = createHash('sha256').update(key).digest().readUInt32LE(0);
  return {
    keyName,
    sign: (bytes) => createHmac('sha256', key).update(bytes).digest().subarray(0, signatureBytes),
  };
}

/** 32 bytes for one purpose. */
export function clusterKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'caracal cluster', purpose, 32));
}
