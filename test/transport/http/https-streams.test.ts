// Runs the suites of HTTPS over stream workers too.
import { test } from 'node:test';
import { noEpoll, testOver } from './http-tracker.ts';

if (noEpoll === undefined) {
  testOver('streams');
  await import('./https.test.ts');
} else test('HTTPS in stream workers', { skip: noEpoll }, () => {});
