// The doctor is to be believed: it names the true cause of every broken tracker, and finds no fault in a healthy one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DoctorReport } from '../../../src/query/doctor/finding.ts';
import { startProgram } from '../../program.ts';
import { skipWithout } from '../../system-tools.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import { broken, healthy } from './fixtures.ts';
import { asker, hostsFile, network } from './names.ts';

const scene = fileURLToPath(new URL('./scene.js', import.meta.url));
const prepare = [
  'ip link set lo up',
  `ip addr add ${asker}/32 dev lo`,
  // Local as if every address of the network were ours, but asked from the one that is.
  `ip route add local ${network} dev lo src ${asker}`,
  // Nobody at home, and a way to there.
  'ip addr add 10.0.0.1/32 dev lo',
  'ip route add local 10.0.0.5 dev lo src 10.0.0.1',
  'mount --bind "$1/hosts" /etc/hosts',
  'mount --bind "$1/resolv.conf" /etc/resolv.conf',
].join(' && ');

const mayUnshare = () => spawnSync('unshare', ['-rnm', 'true']).status === 0;
const skip =
  skipWithout('unshare', 'ip', 'mount', 'openssl') ||
  (mayUnshare() ? false : 'may make no network namespace');

interface Examined {
  name: string;
  code: number | null;
  stderr: string;
  report: DoctorReport;
}

describe('in a network of their own', { skip }, () => {
  const examined = new Map<string, Examined>();
  before(async () => {
    const directory = temporaryDirectory('broken');
    writeFileSync(join(directory, 'hosts'), hostsFile());
    writeFileSync(join(directory, 'resolv.conf'), 'nameserver 127.0.0.1\n');
    const words = ['-rnm', 'sh', '-c', `${prepare} && exec "$0" "$2"`, process.execPath, directory, scene];
    const program = startProgram('unshare', words, { group: true });
    const { code } = await program.exit(280_000);
    assert.equal(code, 0, program.describe('ended'));
    for (const line of program.stdout.trim().split('\n')) {
      const one: Examined = JSON.parse(line);
      examined.set(one.name, one);
    }
  });

  describe('the doctor names the cause', () => {
    for (const { name, cause } of broken) {
      test(`of ${name}`, () => {
        const { report, code, stderr } = examined.get(name)!;
        assert.equal(stderr, '');
        const found = report.findings.find(({ id, verdict }) => id === cause!.id && verdict === 'fail');
        assert.ok(found, JSON.stringify(report.findings.filter(({ verdict }) => verdict !== 'pass')));
        // One cause, one finding.
        assert.deepEqual(
          report.findings.flatMap(({ id, verdict }) => (verdict === 'fail' ? [id] : [])),
          [cause!.id],
        );
        assert.match(`${found.message} → ${found.advice}`, cause!.says);
        assert.equal(code, 1);
        assert.match(report.grade.letter!, /[DEF]/);
        assert.ok(report.grade.reasons.length > 0);
        // No code of a library stands where words belong.
        assert.doesNotMatch(
          JSON.stringify(report.findings),
          /\bE(CONN|HOST|NET|TIME|ADDR|SERV)[A-Z]+|\b(CERT|DEPTH|UNABLE|SELF|ERR)_[A-Z_]+/,
        );
      });
    }
  });

  describe('the doctor finds no fault', () => {
    for (const { name } of healthy) {
      test(`in ${name}`, () => {
        const { report, code } = examined.get(name)!;
        assert.deepEqual(
          report.findings.filter(({ verdict }) => verdict === 'fail'),
          [],
        );
        assert.equal(code, 0);
        assert.match(report.grade.letter ?? 'A', /[ABC]/);
      });
    }
  });

  test('25 are broken and 10 are healthy, at least', () => {
    assert.ok(broken.length >= 25 && healthy.length >= 10);
  });
});
