// Every finding has a section in docs/findings.md and is made somewhere; nothing else stands there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { meaningOf } from '../../src/query/doctor/failure-meaning.ts';
import {
  type AddressReport,
  type Finding,
  type FindingId,
  findingIds,
} from '../../src/query/doctor/finding.ts';
import { gradeOf } from '../../src/query/doctor/grade.ts';
import { blame } from '../../src/query/doctor/listed-address.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('the sections of docs/findings.md are the findings', () => {
  const text = readFileSync(`${root}docs/findings.md`, 'utf8');
  const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  assert.deepEqual(sections, Object.keys(findingIds));
});

test('every finding is made somewhere', () => {
  const folder = `${root}src/query/doctor/`;
  const files = readdirSync(folder).filter((file) => file !== 'finding.ts' && file !== 'grade.ts');
  const code = files.map((file) => readFileSync(folder + file, 'utf8')).join('');
  for (const id of Object.keys(findingIds)) assert.ok(code.includes(`'${id}'`), `nothing finds ${id}`);
});

test('the worst finding decides the grade', () => {
  const address = { answered: true } as AddressReport;
  const made = (verdict: Finding['verdict'], id: FindingId): Finding => ({
    id,
    verdict,
    subject: 'x',
    message: 'seen',
    advice: '',
    doc: '',
  });
  const grade = (...findings: Finding[]) => gradeOf(findings, [address]).letter;
  assert.equal(grade(), 'A');
  assert.equal(grade(made('warn', 'families')), 'B');
  assert.equal(grade(made('warn', 'families'), made('warn', 'self'), made('warn', 'interval')), 'C');
  assert.equal(grade(made('fail', 'bep21')), 'D');
  assert.equal(grade(made('fail', 'bep21'), made('fail', 'reflection')), 'E');
  assert.equal(grade(made('fail', 'reflection'), made('fail', 'peer-address')), 'F');
  assert.equal(gradeOf([made('fail', 'dns')], []).letter, 'F');
  assert.equal(gradeOf([made('fail', 'own-network')], []).letter, null);
});

test('an address is blamed only when it cannot be ours', () => {
  const verdict = (listed: string, local: string, tracker: string) =>
    blame({ listed, local, tracker })?.verdict ?? 'right';
  assert.equal(verdict('127.0.0.1', '127.0.0.1', '127.0.0.1'), 'right');
  assert.equal(verdict('127.0.0.1', '192.168.1.5', '185.1.2.3'), 'fail');
  assert.equal(verdict('185.7.7.7', '192.168.1.5', '185.1.2.3'), 'right', 'NAT');
  assert.equal(verdict('185.1.2.3', '192.168.1.5', '185.1.2.3'), 'fail', 'the tracker itself');
  assert.equal(verdict('10.1.1.1', '192.168.1.5', '185.1.2.3'), 'fail', 'private from a public tracker');
  assert.equal(verdict('172.17.0.1', '192.168.1.5', '192.168.1.2'), 'fail', 'a container');
  assert.equal(verdict('192.168.1.5', '192.168.1.5', '192.168.1.2'), 'right', 'one network');
  assert.equal(verdict('10.1.1.1', '192.168.1.5', '192.168.1.2'), 'warn', 'NAT between two networks');
  assert.equal(
    verdict('185.7.7.7', '185.9.9.9', '185.1.2.3'),
    'fail',
    'a proxy: no NAT before a public address',
  );
});

test('a refusal is read for what it says', () => {
  const means = (words: string) => meaningOf(words, false).message;
  assert.match(means('client not allowed'), /our kind of client/);
  assert.match(means('Requested download is not authorized for use with this tracker.'), /certain torrents/);
  assert.match(means('invalid passkey'), /key/);
  assert.match(means('slow down'), /limit/);
  assert.equal(meaningOf('client not allowed', false).meant, true);
  assert.equal(meaningOf('unregistered torrent', true).meant, false);
  assert.equal(meaningOf('no', false).meant, false);
});
