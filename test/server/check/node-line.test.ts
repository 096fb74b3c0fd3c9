import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeLineWarning } from '../../../src/server/check/node-line.ts';

test('a Node.js line past its end of life gets one line of warning', () => {
  assert.match(
    nodeLineWarning('20.19.0', new Date('2026-05-01'))!,
    /^Node\.js 20 is past its end of life \(2026-04-30\)[^\n]*$/,
  );
  assert.match(nodeLineWarning('25.1.0', new Date('2026-06-02'))!, /Node\.js 25/);
});

test('a live line gets none up to its last day, and an unknown one none at all', () => {
  assert.equal(nodeLineWarning('20.20.2', new Date('2026-04-30T23:59:59Z')), undefined);
  assert.equal(nodeLineWarning('24.11.0', new Date('2026-11-22')), undefined);
  assert.equal(nodeLineWarning('31.0.0', new Date('2036-01-01')), undefined);
});
