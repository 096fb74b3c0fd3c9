// An X-Forwarded-For that cannot be read: its client is refused, and the operator finds the reason in the log.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { startTracker } from '../../tracker-program.ts';

const unreadable = 'unknown, 198.51.100.7:port';
const requests = 40;

for (const workers of ['0', '2']) {
  for (const [logIp, shown] of [
    ['full', true],
    ['truncated', false],
    ['off', false],
  ] as const) {
    const title = `an X-Forwarded-For that cannot be read is ${shown ? 'shown' : 'told of'} in the log`;
    test(`${title}, sampled, with --log-ip ${logIp} and --workers ${workers}`, async (test) => {
      const options = ['--trusted-proxy', '127.0.0.1', '--log-ip', logIp, '--workers', workers];
      const { program, httpPort } = await startTracker(options);
      test.after(() => program.kill());
      assert.match(await announce(httpPort, '198.51.100.7:41234'), /8:interval/);
      assert.doesNotMatch(program.stdout + program.stderr, /X-Forwarded-For/);
      for (let n = 0; n < requests; n++) {
        assert.match(await announce(httpPort, unreadable), /14:failure reason/);
      }
      program.signal('SIGTERM');
      assert.equal((await program.exit()).code, 0);
      const log = program.stdout + program.stderr;
      const lines = log.split('\n').filter((line) => line.includes('X-Forwarded-For'));
      assert.match(lines[0] ?? '', /Warning: the X-Forwarded-For of a trusted proxy cannot be read/);
      assert.ok(lines.length < requests / 2, `${lines.length} lines of ${requests} requests`);
      assert.equal(log.includes(unreadable), shown);
    });
  }
}

function announce(port: number, forwardedFor: string): Promise<string> {
  const path = `/announce?info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=6881&left=1`;
  const headers = { 'X-Forwarded-For': forwardedFor };
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    }).once('error', reject);
  });
}
