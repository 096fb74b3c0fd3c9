// For `node --import`: a new tracker that kills the old one (process PREDECESSOR) in the moment in which it has its sockets.
import { isMainThread } from 'node:worker_threads';
import { Predecessor } from '../../../src/server/takeover/predecessor.ts';

const { find } = Predecessor;
if (isMainThread) {
  Predecessor.find = (calls, directory) => {
    const found = find.call(Predecessor, calls, directory);
    if (found !== undefined) process.kill(Number(process.env.PREDECESSOR), 'SIGKILL');
    return found;
  };
}
