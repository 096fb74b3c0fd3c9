// A takeover as clients of HTTPS see it: the new tracker resumes the sessions of the old one, and whoever connects is answered.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { TestAuthority } from '../../certificates.ts';
import { fastPath } from '../../net/fast-path.ts';
import { newDirectory, samePorts, start } from './running.ts';

let authority: TestAuthority;
before(() => {
  authority = new TestAuthority();
});
after(() => authority.close());

const request = `GET /announce?info_hash=${'h'.repeat(20)}&peer_id=${'p'.repeat(20)}&port=6881&left=1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`;

interface Asked {
  answered: boolean;
  resumed: boolean;
  session: Buffer | undefined;
}

function ask(port: number, session?: Buffer): Promise<Asked> {
  return new Promise((resolve) => {
    const asked: Asked = { answered: false, resumed: false, session: undefined };
    const target = { port, host: '127.0.0.1', servername: 'localhost', ca: authority.root };
    const socket = connect({ ...target, ...(session && { session }) });
    socket.once('secureConnect', () => {
      asked.resumed = socket.isSessionReused();
      socket.write(request);
    });
    socket.on('session', (fresh) => {
      asked.session = fresh;
    });
    socket.on('data', (data) => {
      asked.answered ||= data.includes('8:complete');
    });
    socket.on('error', () => {}).once('close', () => resolve(asked));
  });
}

for (const [from, to] of [
  ['2', '2'],
  ['2', '0'],
  ['0', '2'],
]) {
  test(`sessions are resumed after a takeover, from ${from} stream workers to ${to}`, fastPath, async (t) => {
    const { chain, key } = authority.issue();
    const dataDir = newDirectory();
    writeFileSync(join(dataDir, 'cert.pem'), chain);
    writeFileSync(join(dataDir, 'key.pem'), key, { mode: 0o600 });
    const files = ['--cert', join(dataDir, 'cert.pem'), '--key', join(dataDir, 'key.pem')];
    const old = await start(t, dataDir, ['--https-port', 'any', ...files, '--stream-workers', from]);
    const port = Number((await old.program.printed(/HTTPS tracker listening on [\d.]+:(\d+)/))[1]);
    const { session, answered } = await ask(port);
    assert.ok(answered && session !== undefined);
    let running = true;
    let asked = 0;
    let failed = 0;
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (running) {
          const one = await ask(port);
          asked++;
          if (!one.answered) failed++;
        }
      }),
    );
    const ports = [...samePorts(old), '--https-port', String(port), ...files];
    await start(t, dataDir, [...ports, '--stream-workers', to, '--takeover']);
    assert.equal((await old.program.exit()).code, 0);
    assert.deepEqual(await ask(port, session).then(({ resumed, answered }) => ({ resumed, answered })), {
      resumed: true,
      answered: true,
    });
    running = false;
    await load;
    // Whoever was in the middle of shaking hands with the old tracker has to begin again.
    assert.ok(failed <= 4, `${failed} of ${asked} failed`);
  });
}
