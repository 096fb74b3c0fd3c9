// A debugger of Node's own kind in a worker that sleeps in the kernel: it is answered, and its breakpoints pause.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UdpClient } from '../../faults/clients.ts';
import { fastPath } from '../../net/fast-path.ts';
import { startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';
import { openDebugger, openWorkerSession } from './debugger-client.ts';

/** Where in the compiled tracker an announce begins. */
function lineOfAnnounce(): number {
  const text = readFileSync(
    fileURLToPath(new URL('../../../src/tracker/tracker.js', import.meta.url)),
    'utf8',
  );
  return text.split('\n').findIndex((line) => /^ {4}announce\(announce, now\) \{/.test(line)) + 1;
}

test('a breakpoint in an idle socket worker pauses it', fastPath, async (test) => {
  const program = startProgram('/bin/sh', [
    // The debugger's address stands on stderr.
    ...['-c', 'exec "$0" "$@" 2>&1', process.execPath, '--inspect=127.0.0.1:0', mainScript],
    ...['--host', '127.0.0.1', '--http-port', '0', '--udp-port', 'any', '--workers', '1'],
  ]);
  test.after(() => program.kill());
  const udpPort = Number((await program.printed(/UDP tracker listening on [\d.]+:(\d+)/))[1]);
  await program.printed(/Tracker running/);
  const [, url] = await program.printed(/Debugger listening on (ws:\S+)/);
  const { main, close } = await openDebugger(url);
  test.after(close);
  // Nothing is sent to the worker meanwhile: what is asked of it would be answered with the next packet only.
  const worker = await openWorkerSession(main);
  await worker.ask('Debugger.enable');
  const { locations } = await worker.ask('Debugger.setBreakpointByUrl', {
    ...{ urlRegex: 'src/tracker/tracker\\.js$', lineNumber: lineOfAnnounce(), columnNumber: 0 },
  });
  assert.equal(locations.length, 1);
  const client = new UdpClient(udpPort);
  test.after(() => client.close());
  const answer = client.announce({ swarm: 1, port: 7000, event: 2, numwant: 10 });
  const { callFrames } = await worker.event('Debugger.paused');
  assert.equal(callFrames[0].functionName, 'announce');
  const { result } = await worker.ask('Debugger.evaluateOnCallFrame', {
    ...{ callFrameId: callFrames[0].callFrameId, expression: 'announce.port' },
  });
  assert.equal(result.value, 7000);
  await worker.ask('Debugger.disable');
  assert.ok(await answer);
});
