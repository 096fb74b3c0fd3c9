// A tracker on a system that is not this one: that it starts with socket workers, answers over HTTP and UDP, and ends as it should.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createAskHttp } from '../../src/transport/http/ask-self.ts';
import { askUdp } from '../../src/transport/udp/ask-self.ts';
import { startProgram } from '../program.ts';

const settings = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any', '--workers', '1'];

/**
 * @param command and its words, up to the tracker's own options
 * @param patience milliseconds that it may take to start
 */
export async function assertAnswers(
  t: TestContext,
  [command, ...words]: readonly string[],
  patience: number,
): Promise<void> {
  const program = startProgram(command, [...words, ...settings, '--memory-limit', '16MiB']);
  t.after(() => program.kill());
  await program.printed(/Tracker running/, patience);
  t.diagnostic(program.stdout.split('\n').find((line) => line.includes('Node.js')) ?? '');
  assert.doesNotMatch(program.stdout, /cannot be used/);
  for (const [protocol, ask] of [
    ['HTTP', createAskHttp(false, () => false)],
    ['UDP', askUdp],
  ] as const) {
    const [, port] = await program.printed(
      new RegExp(`${protocol} tracker listening on 127\\.0\\.0\\.1:(\\d+)`),
    );
    const listener = { family: 4, address: '127.0.0.1', port: Number(port) } as const;
    assert.equal(await ask(listener, AbortSignal.timeout(20_000)), 'announced', protocol);
  }
  program.signal('SIGTERM');
  assert.equal((await program.exit(60_000)).code, 0, program.stdout);
}
