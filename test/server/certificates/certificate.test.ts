// Checks what is said of a certificate at start: what HTTPS cannot do without, and what clients would object to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import {
  CertificateError,
  checkCertificate,
  parseCertificate,
} from '../../../src/server/certificates/certificate.ts';
import { TestAuthority, type TestCertificate } from '../../certificates.ts';

let authority: TestAuthority;
let good: TestCertificate;
let other: TestCertificate;
before(() => {
  authority = new TestAuthority();
  good = authority.issue({ names: ['tracker.example.net', '*.example.org', 'IP:192.0.2.1'], days: 90 });
  other = authority.issue();
});
after(() => authority.close());

const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * 24 * 3600 * 1000);

function warningsOf(
  { chain, key }: { chain: string; key: string },
  hosts: string[] = [],
  at = now,
): string[] {
  return checkCertificate(parseCertificate(chain, key), { hosts, now: at });
}

function refusal(chain: string, key: string): string {
  try {
    parseCertificate(chain, key);
  } catch (error) {
    assert.ok(error instanceof CertificateError);
    return error.message;
  }
  throw new Error('accepted');
}

test('a full chain with its key for the right names raises no objection', () => {
  assert.deepEqual(warningsOf(good, ['tracker.example.net', 'ipv4.example.org', '192.0.2.1']), []);
  assert.deepEqual(parseCertificate(good.chain, good.key).names, [
    'tracker.example.net',
    '*.example.org',
    '192.0.2.1',
  ]);
});

test('what HTTPS cannot be served with is refused', () => {
  const encrypted = execFileSync('openssl', ['pkey', '-aes128', '-passout', 'pass:x'], { input: good.key });
  assert.match(refusal('', good.key), /no certificate/);
  assert.match(refusal('nonsense', good.key), /no certificate/);
  assert.match(
    refusal(good.chain.replace(/\nMII[^\n]{20}/, '\n'), good.key),
    /certificate 1 of the file is broken/,
  );
  assert.match(refusal(good.chain, good.chain), /no private key/);
  assert.match(refusal(good.chain, encrypted.toString()), /encrypted/);
  assert.match(refusal(good.chain, other.key), /does not belong/);
  assert.match(refusal(good.chain, good.key.replace(/\n[^-\n]{20}/, '\n')), /key is broken/);
});

test('a chain in the wrong order is told from a wrong key', () => {
  const [leaf, intermediate] = good.chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  assert.match(refusal(intermediate + leaf, good.key), /key belongs to certificate 2 .* must come first/);
});

test('a leaf alone is warned of', () => {
  assert.match(warningsOf({ chain: good.leaf, key: good.key }).join(), /leaf only.*full chain/);
});

test('a chain whose certificates do not sign each other is warned of', () => {
  const chain = good.leaf + other.leaf;
  assert.match(
    warningsOf({ chain, key: good.key }).join(),
    /certificate 2 of the file did not issue certificate 1/,
  );
});

test('a self-signed certificate is warned of', () => {
  const text = execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-subj', '/CN=x', '-days', '60'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  ).toString();
  assert.match(warningsOf({ chain: text, key: text.split('-----BEGIN CERT')[0] }).join(), /self-signed/);
});

test('expired, not yet valid and soon to expire are warned of', () => {
  assert.match(warningsOf(good, [], inDays(91)).join(), /expired on 20\d\d-\d\d-\d\d \d\d:\d\d UTC/);
  assert.match(warningsOf(good, [], inDays(-1)).join(), /valid from .* only/);
  assert.match(warningsOf(good, [], inDays(80)).join(), /expires on/);
  assert.deepEqual(warningsOf(good, [], inDays(70)), []);
});

test('a certificate for a few days is told of by a check always, every day only in its last ones', () => {
  const short = authority.issue({ days: 6 });
  const use = (now: Date, daily: boolean) =>
    checkCertificate(parseCertificate(short.chain, short.key), { hosts: [], now, daily }).join();
  assert.match(use(inDays(1), false), /expires on/);
  assert.equal(use(inDays(1), true), '');
  assert.equal(use(inDays(4), true), '');
  assert.match(use(inDays(5), true), /expires on/);
});

test('a host that the certificate is not for is warned of', () => {
  assert.deepEqual(warningsOf(good, ['tracker.example.com', '192.0.2.2']), [
    'the certificate is not for tracker.example.com, but for tracker.example.net, *.example.org, 192.0.2.1',
    'the certificate is not for 192.0.2.2, but for tracker.example.net, *.example.org, 192.0.2.1',
  ]);
});
