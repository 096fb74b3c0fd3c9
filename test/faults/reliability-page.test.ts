// The page of reliability keeps what people have written into it when its figures are renewed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findingsIn, formatReliability } from './reliability-page.ts';

const page = new URL(import.meta.resolve('../../../docs/reliability.md'));

test('a new page has the findings of the earlier one', () => {
  const findings = findingsIn(readFileSync(page, 'utf8'));
  assert.match(findings, /^- \*\*/m);
  const rows = [{ fault: 'a fault', seed: 1, seconds: 2, lost: 0 }];
  const run = { long: true, seed: 1, machine: 'a machine', day: '2026-01-01' };
  const written = formatReliability(rows, [], run, findings);
  assert.equal(findingsIn(written), findings);
  assert.match(written, /\| a fault \| 2 s \| lost 0 \|/);
});

test('a page without them is not written over', () => {
  assert.throws(() => findingsIn('# Reliability'), /has lost the part/);
});
