// Asks the tracker of the first argument for the first time in a process, and prints which of Node's modules that loads.
import { createConversation } from '../../src/query/asking/conversation.ts';
import { createIdentity } from '../../src/query/asking/identity.ts';
import { warmUp } from '../../src/query/asking/warm-up.ts';
import { within } from '../../src/query/network/deadline.ts';
import { parseTrackerUrl } from '../../src/query/network/tracker-url.ts';

const url = parseTrackerUrl(process.argv[2]);
const identity = createIdentity();
const loaded = () => (process as unknown as { moduleLoadList: string[] }).moduleLoadList.length;

const startedWith = loaded();
await warmUp(url.scheme);
const before = loaded();
const conversation = createConversation(url, { userAgent: identity.userAgent });
await within(20, undefined, (deadline) =>
  conversation.announce(
    { infoHash: new Uint8Array(20), identity, port: 6881, event: 'started', left: 1, numwant: 50 },
    deadline,
  ),
);
const inTime = (process as unknown as { moduleLoadList: string[] }).moduleLoadList.slice(before);
conversation.close();
console.log(JSON.stringify({ before: before - startedWith, inTime }));
