// A wait that keeps no thread alive: one that ends does so at once, whatever somebody in it still waits for.
import { setTimeout } from 'node:timers/promises';

export async function pause(ms: number): Promise<void> {
  await setTimeout(ms, undefined, { ref: false });
}
