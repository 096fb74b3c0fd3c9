// The keys of UDP connection ids that all nodes share, so that an id of one is good at every other: kept in the engine,
// encrypted with the cluster's secret, replaced once a week by whichever node sees first that they are old.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Engine } from './engine.ts';
import { clusterKey } from './signature.ts';

/** 16 bytes each; `previous` is still accepted. */
export interface SharedKeys {
  readonly current: Uint8Array;
  readonly previous: Uint8Array;
}

const name = 'connection-keys';
const keyBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const sealedBytes = nonceBytes + 2 * keyBytes + 8 + tagBytes;
export const replacedAfterMs = 7 * 24 * 3600 * 1000;

/**
 * Those in force; makes them where there are none, or they are old, or sealed with another secret.
 * @param own this node's keys so far: the first of a cluster gives it what its clients know
 * @param now milliseconds by the engine's clock
 */
export async function shareKeys(
  engine: Engine,
  secret: string,
  own: SharedKeys,
  now: number,
): Promise<SharedKeys> {
  const key = clusterKey(secret, 'connection ids');
  for (let attempt = 0; ; attempt++) {
    const sealed = await engine.value(name);
    const known = sealed && open(sealed, key);
    if (known && now - known.madeAt < replacedAfterMs) return known;
    const made = known ? { current: randomBytes(keyBytes), previous: known.current } : own;
    if (await engine.replace(name, sealed, seal(made, now, key))) return made;
    if (attempt > 5) throw new Error('the keys of connection ids change all the time');
  }
}

function seal({ current, previous }: SharedKeys, madeAt: number, key: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const at = Buffer.alloc(8);
  at.writeDoubleLE(madeAt);
  const text = Buffer.concat([
    cipher.update(current),
    cipher.update(previous),
    cipher.update(at),
    cipher.final(),
  ]);
  return Buffer.concat([nonce, text, cipher.getAuthTag()]);
}

function open(sealed: Uint8Array, key: Uint8Array): (SharedKeys & { madeAt: number }) | undefined {
  if (sealed.length !== sealedBytes) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const text = Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    return {
      current: text.subarray(0, keyBytes),
      previous: text.subarray(keyBytes, 2 * keyBytes),
      madeAt: text.readDoubleLE(2 * keyBytes),
    };
  } catch {
    return undefined;
  }
}
