// What may be pasted into the search of the dashboard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInfoHashInput } from '../../src/admin/page/info-hash-input.ts';

const hex = '0403fb4728bd788fbcb67e87d6feb241ef38c75a';
// The same 20 bytes.
const base32 = 'AQB7WRZIXV4I7PFWP2D5N7VSIHXTRR22';

test('an info_hash is found in whatever names it', () => {
  for (const text of [
    hex,
    hex.toUpperCase(),
    `  ${hex}\n`,
    `${hex.slice(0, 20)}\n ${hex.slice(20)}`,
    base32,
    base32.toLowerCase(),
    `magnet:?xt=urn:btih:${hex}`,
    `magnet:?xt=urn:btih:${hex.toUpperCase()}&dn=Some%20name&tr=udp%3A%2F%2Fexample.net%3A6969`,
    `MAGNET:?XT=URN:BTIH:${base32}&DN=x`,
    ` magnet:?dn=name&xt=urn%3Abtih%3A${hex}\n`,
    `urn:btih:${hex}`,
    `magnet:?xt=urn:btmh:1220${hex}${'00'.repeat(12)}&dn=v2`,
    `magnet:?xt.1=urn:btmh:zz&xt.2=urn:btih:${hex}`,
    `${hex}${'00'.repeat(12)}`,
  ]) {
    assert.equal(parseInfoHashInput(text), hex, text);
  }
  assert.equal(parseInfoHashInput('A'.repeat(32)), '00'.repeat(20));
});

test('nothing else is taken for one', () => {
  for (const text of [
    '',
    ' ',
    'xyz',
    hex.slice(1),
    `${hex}0`,
    '1'.repeat(32),
    'magnet:?dn=name',
    'magnet:?xt=urn:btih:',
  ]) {
    assert.equal(parseInfoHashInput(text), undefined, text);
  }
});
