// Runs every suite of HTTP over the socket workers' event loop with all connections on io_uring.
import { test } from 'node:test';
import { noUring, testOver } from './http-tracker.ts';

if (noUring === undefined) {
  testOver('io_uring');
  await import('./http-contract.test.ts');
  await import('./http-transport.test.ts');
  await import('./http-bad-input.test.ts');
  await import('./http-limits.test.ts');
  await import('./proxy-header.test.ts');
  await import('./rate-limit.test.ts');
} else test('HTTP over io_uring', { skip: noUring }, () => {});
