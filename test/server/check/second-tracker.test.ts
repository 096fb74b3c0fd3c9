// Threads share a port with each other and with nobody else: a second tracker on it is refused, and --check says so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { mainScript, startTracker } from '../../tracker-program.ts';

const run = (words: readonly string[]) =>
  spawnSync(process.execPath, [mainScript, ...words], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });

for (const workers of ['0', '2']) {
  test(`a second tracker on a port of one with --workers ${workers}`, async (test) => {
    const { program, httpPort, udpPort } = await startTracker(['--workers', workers]);
    test.after(() => program.kill());
    for (const [second, host, http, udp, protocol] of [
      ['0', '127.0.0.1', httpPort, 'any', 'HTTP'],
      ['2', '0.0.0.0', httpPort, 'any', 'HTTP'],
      ['2', '127.0.0.1', httpPort, 'any', 'HTTP'],
      ['2', '127.0.0.1', 'any', udpPort, 'UDP'],
    ]) {
      const ports = ['--http-port', String(http), '--udp-port', String(udp)];
      const words = ['--host', String(host), ...ports, '--workers', String(second)];
      const started = run(words);
      assert.equal(started.status, 1, `${words.join(' ')}\n${started.stdout}${started.stderr}`);
      assert.match(started.stderr, new RegExp(`\\(${protocol}\\): the port is in use`));
      const checked = run([...words, '--check']);
      assert.equal(checked.status, 1, checked.stdout);
      assert.match(checked.stdout, new RegExp(`# error .*\\(${protocol}\\): the port is in use`));
      assert.match(checked.stderr, /^tracker-server: it would not start here/m);
    }
    assert.ok(program.running);
    const answer = await fetch(`http://127.0.0.1:${httpPort}/announce`);
    assert.match(await answer.text(), /failure reason/);
  });
}

for (const workers of ['0', '2']) {
  test(`two listeners on one port, with --workers ${workers}`, async () => {
    const { program, httpPort } = await startTracker(['--workers', workers]);
    await program.kill();
    const port = String(httpPort);
    const words = ['--host', '127.0.0.1', '--http-port', port, '--udp-port', '0', '--admin-port', port];
    const started = run([...words, '--workers', workers]);
    assert.equal(started.status, 1, `${started.stdout}${started.stderr}`);
    const checked = run([...words, '--workers', workers, '--check']);
    assert.equal(checked.status, 1, checked.stdout);
    assert.match(checked.stdout, /# error .*admin .*HTTP has the same port/);
  });
}
