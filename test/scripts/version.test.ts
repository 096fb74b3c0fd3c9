import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { checkout } from '../deploy/built-packages.ts';

interface Version {
  isVersion(text: string): boolean;
  isNewer(one: string, other: string): boolean;
}
const { isVersion, isNewer } = (await import(
  pathToFileURL(`${checkout}scripts/release/version.mjs`).href
)) as Version;

test('semantic versions come in the order of semver.org, and nothing else is one', () => {
  const ordered = [
    '0.1.0',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.10',
    '1.2.0',
    '10.0.0',
  ];
  for (const [at, version] of ordered.entries()) {
    assert.ok(isVersion(version), version);
    for (const [other, against] of ordered.entries())
      assert.equal(isNewer(version, against), at > other, `${version} ${against}`);
  }
  for (const text of ['', '1', '1.0', 'v1.0.0', '01.0.0', '1.0.0-', '1.0.0-01', '1.0.0+build', '1.0.0\n'])
    assert.ok(!isVersion(text), text);
});
