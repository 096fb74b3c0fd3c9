import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../src/cli/did-you-mean.ts';

const names = ['http-port', 'https-port', 'udp-port', 'interval', 'min-interval', 'ipv6'];

test('a mistyped name finds the nearest one: a letter more, less, other or swapped', () => {
  assert.equal(nearest('http-prt', names), 'http-port');
  assert.equal(nearest('htttp-port', names), 'http-port');
  assert.equal(nearest('https-prt', names), 'https-port');
  assert.equal(nearest('intreval', names), 'interval');
  assert.equal(nearest('IPV6', names), 'ipv6');
  assert.equal(nearest('--whach', ['--hash', '--watch']), '--watch');
});

test('a name that is like none finds none', () => {
  assert.equal(nearest('quux', names), undefined);
  assert.equal(nearest('', names), undefined);
  assert.equal(nearest('x'.repeat(100_000), names), undefined);
  assert.equal(didYouMean('quux', names), '');
});
