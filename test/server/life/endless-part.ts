// For `node --import`: a tracker one part of which never ends.
import { isMainThread } from 'node:worker_threads';
import { Parts } from '../../../src/server/upkeep/parts.ts';

if (isMainThread) {
  const { stop } = Parts.prototype;
  Parts.prototype.stop = async function (graceMs) {
    await stop.call(this, graceMs);
    await new Promise(() => {});
  };
}
