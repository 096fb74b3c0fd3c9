import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventLoop } from '../../../src/net/event-loop.ts';
import { Stream, type StreamSockets } from '../../../src/net/stream-sockets.ts';
import { HttpCounters } from '../../../src/transport/http/http-counters.ts';
import { AcceptingSockets } from '../../../src/transport/http-epoll/accepting-sockets.ts';
import { WakeUp } from '../../../src/transport/http-epoll/wake-up.ts';

test('a thread that can turn nobody away ends the silent first, and whoever is silent longest after five rounds', () => {
  const listener = 7;
  let accepted: number = Stream.exhausted;
  const watched = new Map<number, () => boolean>();
  const loop = {
    add: (fd: number, _events: number, ready: () => boolean) => watched.set(fd, ready),
    remove: (fd: number) => watched.delete(fd),
  };
  const asked: number[] = [];
  const accepting = new AcceptingSockets(
    loop as unknown as EventLoop,
    { accept: () => accepted } as unknown as StreamSockets,
    {
      counters: new HttpCounters(),
      wakeUp: new WakeUp(() => 0),
      enter: () => assert.fail('nobody can be let in'),
      paused: () => {},
      makeRoom: (leastSilentSeconds) => asked.push(leastSilentSeconds),
    },
  );
  accepting.listen(listener);
  accepting.resume();
  assert.deepEqual(asked, [], 'it accepts');

  watched.get(listener)!();
  assert.ok(accepting.isPaused && !watched.has(listener));
  for (let round = 0; round < 7; round++) accepting.resume();
  assert.deepEqual(asked, [4, 3, 2, 1, 0, 0, 0]);

  // The descriptor is there again, and is gone again later: as the first time.
  accepted = Stream.wait;
  accepting.resume();
  assert.ok(!accepting.isPaused && watched.has(listener));
  accepted = Stream.exhausted;
  watched.get(listener)!();
  accepting.resume();
  assert.deepEqual(asked.slice(7), [4]);
});
