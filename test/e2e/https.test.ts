// HTTPS as its operator has it: a certificate from files that are renewed under load, the redirect, and what is warned of.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestAuthority, type TestCertificate } from '../certificates.ts';
import { pause, startProgram } from '../program.ts';
import { mainScript, startTracker } from '../tracker-program.ts';
import { startHttpsLoad } from './https-load.ts';

let authority: TestAuthority;
before(() => {
  authority = new TestAuthority();
});
after(() => authority.close());

/** Writes the pair into a directory of its own and returns the options that name it. */
function put(name: string, { chain, key }: Pick<TestCertificate, 'chain' | 'key'>): string[] {
  const directory = join(authority.directory, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'fullchain.pem'), chain);
  writeFileSync(join(directory, 'privkey.pem'), key, { mode: 0o600 });
  return optionsIn(directory);
}

function optionsIn(directory: string): string[] {
  return ['--cert', join(directory, 'fullchain.pem'), '--key', join(directory, 'privkey.pem')];
}

/** What openssl sees: the subjects of the chain, whether it verifies, and the leaf's serial number. */
function seenByOpenssl(port: number): { subjects: string[]; verified: boolean; serial: string } {
  const options = ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-showcerts'];
  const verify = ['-CAfile', authority.rootPath, '-verify_return_error', '-verify_hostname', 'localhost'];
  const output = execFileSync('openssl', ['s_client', ...options, ...verify], {
    input: '',
    stdio: ['pipe', 'pipe', 'ignore'],
  }).toString();
  const subjects = Array.from(output.matchAll(/^ *\d+ s:(.*)$/gm), (match) => match[1].replace(/ /g, ''));
  const serial = execFileSync('openssl', ['x509', '-noout', '-serial'], { input: output }).toString().trim();
  return { subjects, verified: output.includes('Verify return code: 0 (ok)'), serial };
}

test('a renewal shows at the next connection and costs no request, by files, symlink and SIGHUP', async () => {
  const [first, second, third, fourth] = Array.from({ length: 4 }, () => authority.issue());
  put('one', first);
  put('two', second);
  symlinkSync('one', join(authority.directory, 'live'));
  const live = optionsIn(join(authority.directory, 'live'));
  const { program, httpsPort } = await startTracker(['--https-port', 'any', ...live]);
  const load = startHttpsLoad(httpsPort, [authority.root]);
  try {
    const chain = ['CN=localhost', 'CN=TestIntermediate'];
    assert.deepEqual(seenByOpenssl(httpsPort), { subjects: chain, verified: true, serial: 'serial=03E9' });

    symlinkSync('two', join(authority.directory, 'next'));
    renameSync(join(authority.directory, 'next'), join(authority.directory, 'live'));
    await program.printed(/New certificate in use\. names="?localhost/);
    assert.deepEqual(seenByOpenssl(httpsPort), { subjects: chain, verified: true, serial: 'serial=03EA' });

    put('two', third);
    program.signal('SIGHUP');
    await program.printed(/(?:New certificate in use[\s\S]*){2}/);
    assert.equal(seenByOpenssl(httpsPort).serial, 'serial=03EB');

    put('two', { chain: fourth.chain, key: third.key });
    program.signal('SIGHUP');
    await program.printed(/does not belong to the certificate; the old certificate stays in use/);
    assert.equal(seenByOpenssl(httpsPort).serial, 'serial=03EB');
  } finally {
    await pause(200);
    const { answered, failures } = await load.stop();
    await program.kill();
    assert.deepEqual(failures, []);
    assert.ok(answered > 50, `${answered} answers`);
  }
});

test('HTTP redirects to the domain, and what is wrong with certificate and domain is warned of', async () => {
  const { leaf, key } = authority.issue({ names: ['tracker.example.net'], days: 1 });
  const files = put('leaf', { chain: leaf, key });
  chmodSync(files.at(-1)!, 0o644);
  const { program, httpPort } = await startTracker([
    ...['--https-port', 'any', ...files],
    ...['--redirect-http', '--domain', 'tracker.example.org'],
  ]);
  try {
    const { stdout } = program;
    assert.match(stdout, /HTTP redirect to https:\/\/tracker\.example\.org listening on/);
    assert.match(stdout, /Warning: --domain tracker\.example\.org carries no port/);
    assert.match(stdout, /Warning: the certificate file holds the leaf only/);
    assert.match(stdout, /Warning: --key \S+ is open to everyone on this machine: chmod 640/);
    assert.match(
      stdout,
      /Warning: the certificate is not for tracker\.example\.org, but for tracker\.example\.net/,
    );
    const reply = await fetch(`http://127.0.0.1:${httpPort}/announce?a=%ff`, { redirect: 'manual' });
    assert.equal(reply.status, 301);
    assert.equal(reply.headers.get('location'), 'https://tracker.example.org/announce?a=%ff');
  } finally {
    await program.kill();
  }
});

test('a start or a check with a pair that does not fit says so in one line', async () => {
  const options = put('bad', { chain: authority.issue().chain, key: authority.issue().key });
  for (const [flags, code] of [
    [[], 1],
    [['--check'], 2],
  ] as const) {
    const words = [
      mainScript,
      '--http-port',
      '0',
      '--udp-port',
      '0',
      '--https-port',
      'any',
      ...options,
      ...flags,
    ];
    const program = startProgram(process.execPath, words);
    assert.deepEqual(await program.exit(), { code, signal: null });
    assert.match(
      program.stderr,
      /^tracker-server: --cert \S+, --key \S+: the key does not belong to the cert[^\n]*\n$/,
    );
    assert.equal(program.stdout, '');
  }
});
