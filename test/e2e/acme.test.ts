// The tracker gets its certificate from Let's Encrypt's test authority, renews it under load, and takes a refusal well.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type AcmeAuthority, startAcmeAuthority } from '../acme-authority.ts';
import { type Program, pause, startProgram } from '../program.ts';
import { skipWithout } from '../system-tools.ts';
import { mainScript } from '../tracker-program.ts';
import { startHttpsLoad } from './https-load.ts';

const skip = skipWithout('pebble', 'pebble-challtestsrv');
const names = ['tracker.example.net', 'ipv4-tracker.example.net'];
/** Renewed after two thirds of it. */
const validitySeconds = 15;

describe('a tracker with --acme-domain', { skip }, () => {
  let authority: AcmeAuthority;
  let dataDir: string;
  before(async () => {
    authority = await startAcmeAuthority(validitySeconds);
  });
  after(() => authority?.close());
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'caracal-acme-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  function start(httpPort: number, ...options: string[]): Program {
    const domains = names.flatMap((name) => ['--acme-domain', name]);
    const acme = ['--acme-directory', authority.directory, '--acme-http-port', String(authority.httpPort)];
    const listen = [
      '--host',
      '127.0.0.1',
      '--http-port',
      String(httpPort),
      '--udp-port',
      '0',
      '--https-port',
      'any',
    ];
    return startProgram(
      process.execPath,
      [mainScript, ...listen, ...domains, ...acme, '--data-dir', dataDir, '--domain', names[0], ...options],
      { env: { NODE_EXTRA_CA_CERTS: authority.caPath } },
    );
  }

  async function httpsPortOf(program: Program): Promise<number> {
    return Number((await program.printed(/HTTPS tracker listening on 127\.0\.0\.1:(\d+)/))[1]);
  }

  /** What openssl sees: serial number, and how many certificates; it fails when the chain does not verify. */
  function seenByOpenssl(port: number): { serial: string; certificates: number } {
    const rootPath = join(dataDir, 'issued-root.pem');
    writeFileSync(rootPath, authority.issuedRoot);
    const connect = ['-connect', `127.0.0.1:${port}`, '-servername', names[0], '-showcerts'];
    const verify = ['-CAfile', rootPath, '-verify_return_error', '-verify_hostname', names[1]];
    const output = execFileSync('openssl', ['s_client', ...connect, ...verify], {
      input: '',
      stdio: ['pipe', 'pipe', 'ignore'],
    }).toString();
    const serial = execFileSync('openssl', ['x509', '-noout', '-serial'], { input: output }).toString();
    return { serial, certificates: output.split('BEGIN CERTIFICATE').length - 1 };
  }

  test('gets one certificate for all names, renews it under load, and keeps it over a restart', {
    timeout: 60_000,
  }, async () => {
    const program = start(authority.httpPort, '--redirect-http');
    try {
      const port = await httpsPortOf(program);
      await program.printed(/New certificate in use/, 15_000);
      const first = seenByOpenssl(port);
      assert.ok(first.certificates >= 2, 'the chain holds more than the leaf');
      const load = startHttpsLoad(port, [authority.issuedRoot], 4, names[0]);
      const renewed = program.printed(/(?:New certificate in use[\s\S]*){2}/, (validitySeconds + 10) * 1000);
      const { answered, failures } = await renewed
        .then(() => pause(300))
        .finally(load.stop)
        .then(load.stop);
      const second = seenByOpenssl(port);
      assert.notEqual(second.serial, first.serial);
      assert.ok(second.certificates >= 2);
      assert.deepEqual(failures, []);
      assert.ok(answered > 100, `${answered} answers`);
      program.signal('SIGTERM');
      await program.exit();
      // Not even of its own look at a listener that has no certificate yet.
      assert.doesNotMatch(program.stdout, /Error|no certificate for|does not answer/);

      const files = readdirSync(join(dataDir, 'acme'), { recursive: true, withFileTypes: true });
      for (const file of files) {
        const mode = statSync(join(file.parentPath ?? file.path, file.name)).mode & 0o777;
        assert.equal(mode, file.isDirectory() ? 0o700 : 0o600, file.name);
      }
      const orders = authority.log().split('order-plz').length;
      const again = start(authority.httpPort);
      try {
        assert.equal(seenByOpenssl(await httpsPortOf(again)).serial, second.serial);
        assert.equal(authority.log().split('order-plz').length, orders, 'a restart orders nothing');
      } finally {
        await again.kill();
      }
    } finally {
      await program.kill();
    }
  });

  test('answers challenges on a port of their own when HTTP has another one', {
    timeout: 30_000,
  }, async () => {
    const program = start(0);
    try {
      await program.printed(new RegExp(`ACME challenges are answered on 127.0.0.1:${authority.httpPort}`));
      await program.printed(/New certificate in use/, 15_000);
      const other = await fetch(`http://127.0.0.1:${authority.httpPort}/announce`);
      assert.equal(other.status, 404);
    } finally {
      await program.kill();
    }
  });

  test('says why the authority refused, waits, and does not ask again at once after a restart', {
    timeout: 40_000,
  }, async () => {
    // The authority asks on its own port, where nobody is.
    const elsewhere = [
      '--acme-http-port',
      String(authority.httpPort === 65_535 ? 65_534 : authority.httpPort + 1),
    ];
    const program = start(0, ...elsewhere);
    try {
      await program.printed(
        /Warning: no certificate for tracker\.example\.net, .*refused.* current=none/,
        20_000,
      );
    } finally {
      await program.kill();
    }
    const orders = authority.log().split('order-plz').length;
    assert.ok(!existsSync(join(dataDir, 'acme', 'certificate.pem')));
    const again = start(0, ...elsewhere);
    try {
      await again.printed(/Tracker running/);
      await pause(500);
      again.signal('SIGHUP');
      const [, next] = await again.printed(/renewed by the tracker itself\. next="([^"]+)"/);
      const minutes = (Date.parse(next.replace(' UTC', 'Z').replace(' ', 'T')) - Date.now()) / 60_000;
      assert.ok(minutes > 15 && minutes < 25, `${minutes} minutes`);
      assert.equal(authority.log().split('order-plz').length, orders);
    } finally {
      await again.kill();
    }
  });

  test('does not mind an authority that cannot be reached', { timeout: 30_000 }, async () => {
    const program = start(0, '--acme-directory', 'https://127.0.0.1:9/dir');
    try {
      await program.printed(/Warning: no certificate for .*ECONNREFUSED/);
      assert.equal(
        readFileSync(join(dataDir, 'acme', '127.0.0.1_9', 'attempts.json'), 'utf8').includes('"failures":1'),
        true,
      );
      assert.ok(program.running);
    } finally {
      await program.kill();
    }
  });
});
