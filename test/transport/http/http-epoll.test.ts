// Runs every suite of HTTP over the socket workers' event loop too.
import { test } from 'node:test';
import { noEpoll, testOver } from './http-tracker.ts';

if (noEpoll === undefined) {
  testOver('epoll');
  await import('./http-contract.test.ts');
  await import('./http-transport.test.ts');
  await import('./http-bad-input.test.ts');
  await import('./http-limits.test.ts');
  await import('./proxy-header.test.ts');
  await import('./rate-limit.test.ts');
} else test('HTTP in the event loop', { skip: noEpoll }, () => {});
