// Checks when a client may be sent gzip.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptsGzip } from '../../../src/transport/http/accept-encoding.ts';

for (const header of [
  'gzip',
  'GZIP',
  'x-gzip',
  'gzip, deflate, br',
  'deflate;q=0.5,gzip;q=0.001',
  'gzip;q=1.000',
  ' gzip ; q=0.5 ',
  '*',
  '*;q=0.1',
  'br;q=1.0, *;q=0.5',
  'gzip, *;q=0',
]) {
  test(`"${header}" accepts gzip`, () => assert.equal(acceptsGzip(header), true));
}

for (const header of [
  undefined,
  '',
  'identity',
  'deflate, br',
  'gzip;q=0',
  'gzip;q=0.0',
  'gzip;q=0.000',
  'gzip; Q=0',
  'gzip;q=0, *',
  '*;q=0',
  'gzip;q=',
  'gzip;q=x',
  'gzip;q=-1',
  'gzip;q=2',
  'notgzip',
  'gzipped',
]) {
  test(`"${header}" does not accept gzip`, () => assert.equal(acceptsGzip(header), false));
}
