// Checks that keys of session tickets outlive a restart, are replaced in time, and are not kept longer than tickets live.
import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Log } from '../../../src/server/log/log.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { TicketKeySource, ticketKeyFile } from '../../../src/server/storage/ticket-keys.ts';
import type { TicketKeys } from '../../../src/transport/http/session-tickets.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';

const lines: string[] = [];
const log = new Log(
  { write: (line) => lines.push(line) },
  { format: 'text', verbose: false, style: plainStyle },
);
const hex = ({ current, previous }: TicketKeys) =>
  [current, previous].map((key) => Buffer.from(key).toString('hex'));

describe('keys of session tickets', () => {
  test('are the same after a restart, and for this user alone', () => {
    const directory = temporaryDirectory('ticket-keys');
    const first = new TicketKeySource({ directory, log }).current;
    assert.deepEqual(hex(new TicketKeySource({ directory, log }).current), hex(first));
    const path = join(directory, ticketKeyFile);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(readFileSync(path).length, 96);
  });

  test('of which a start finds the current one too old become the previous ones, once', () => {
    const directory = temporaryDirectory('ticket-keys');
    const everySeconds = 1000;
    const start = (ageSeconds: number) => {
      const at = Date.now() / 1000 - ageSeconds;
      utimesSync(join(directory, ticketKeyFile), at, at);
      return hex(new TicketKeySource({ directory, log, everySeconds }).current);
    };
    const first = hex(new TicketKeySource({ directory, log, everySeconds }).current);
    assert.deepEqual(start(900), first);
    const second = start(1100);
    assert.equal(second[1], first[0]);
    assert.notEqual(second[0], first[0]);
    const third = start(2100);
    assert.ok(!third.includes(second[0]), 'no ticket of it can be good any more');
    assert.deepEqual(start(-5000), third, 'a clock that was set back makes nothing older');
  });

  test('are replaced while the tracker runs, and kept', async () => {
    const directory = temporaryDirectory('ticket-keys');
    const source = new TicketKeySource({ directory, log, everySeconds: 0.05 });
    const first = hex(source.current);
    const taken: string[][] = [];
    source.follow((keys) => taken.push(hex(keys)));
    for (let tries = 0; taken.length < 2 && tries < 500; tries++) await pause(10);
    source.close();
    assert.equal(taken[0][1], first[0]);
    assert.equal(taken[1][1], taken[0][0]);
    const last = hex(source.current);
    assert.equal(readFileSync(join(directory, ticketKeyFile)).toString('hex'), last.join(''));
    await pause(100);
    assert.deepEqual(hex(source.current), last, 'nothing is replaced after the end');
  });

  test('of another length are kept aside', () => {
    const directory = temporaryDirectory('ticket-keys');
    writeFileSync(join(directory, ticketKeyFile), 'short', { mode: 0o600 });
    assert.equal(new TicketKeySource({ directory, log }).current.current.length, 48);
    assert.match(lines.at(-1)!, /holds 5 bytes instead of 96/);
  });
});
