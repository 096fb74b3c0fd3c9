// Checks when the tracker asks its authority, and above all when it does not, with a clock of the test's own.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { AcmeCertificates } from '../../../src/server/certificates/acme-certificates.ts';
import { AcmeError } from '../../../src/server/certificates/acme-order.ts';
import {
  earliestAfterFailure,
  earliestAfterSuccess,
  renewalTime,
} from '../../../src/server/certificates/acme-schedule.ts';
import { AcmeStore } from '../../../src/server/certificates/acme-store.ts';
import { Log } from '../../../src/server/log/log.ts';
import { plainStyle } from '../../../src/server/log/log-text.ts';
import { TestAuthority, type TestCertificate } from '../../certificates.ts';

const hour = 3600_000;
const day = 24 * hour;
const domains = ['a.example', 'b.example'];
const authority = 'https://acme.example:14000/dir';

describe('the schedule', () => {
  test('renews when a third of the life is left', () => {
    assert.equal(renewalTime({ notBefore: 0, notAfter: 90 * day }), 60 * day);
    assert.equal(renewalTime({ notBefore: 0, notAfter: 6 * day }), 4 * day);
  });

  test("stays below Let's Encrypt's limits: 5 failures an hour, 5 certificates a week", () => {
    let now = 0;
    const attempts: number[] = [];
    for (let failures = 1; attempts.length < 50; failures++) {
      attempts.push(now);
      now = earliestAfterFailure(now, failures, 0);
    }
    for (const start of attempts) {
      assert.ok(attempts.filter((time) => time >= start && time < start + hour).length <= 3);
    }
    assert.equal(attempts[49] - attempts[48], day);
    const sixDays = { notBefore: 0, notAfter: 6 * day };
    assert.ok((earliestAfterSuccess(0, sixDays) - 0) * 5 >= 7 * day);
  });

  test('waits as long as the authority asks for, and never shorter than its own time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 10 * day }),
        (failures, asked) => {
          const wait = earliestAfterFailure(0, failures, asked);
          assert.ok(wait >= asked && wait >= 20 * 60_000 && wait <= Math.max(asked, day));
        },
      ),
    );
  });
});

describe('the certificate from an authority', () => {
  let signer: TestAuthority;
  let first: TestCertificate;
  let second: TestCertificate;
  let directory: string;
  before(() => {
    signer = new TestAuthority();
    first = signer.issue({ names: domains, days: 90 });
    second = signer.issue({ names: domains, days: 90 });
  });
  after(() => signer.close());
  beforeEach(() => {
    directory = mkdtempSync(join(signer.directory, 'data-'));
  });

  /** A source over the test's directory, whose orders give these results one after the other. */
  function open(now: () => number, ...results: (TestCertificate | Error)[]) {
    const lines: string[] = [];
    const log = new Log(
      { write: (line) => lines.push(line) },
      { format: 'text', verbose: false, style: plainStyle },
    );
    let orders = 0;
    const order = async () => {
      const result = results[orders++];
      if (result === undefined) throw new Error('one order too many');
      if (result instanceof Error) throw result;
      return result;
    };
    const store = new AcmeStore(directory, authority);
    const source = new AcmeCertificates({ domains, store, log, order, now });
    const taken: string[] = [];
    const run = async () => {
      source.follow(({ chain }) => taken.push(chain));
      await pause(50);
      source.close();
      log.close();
    };
    return { source, lines, taken, run, orders: () => orders };
  }

  test('is ordered when there is none, kept, and not ordered again by a restart', async () => {
    const opened = open(Date.now, first);
    await opened.run();
    assert.deepEqual(opened.taken, [first.chain]);
    const again = open(Date.now);
    assert.equal(again.source.current?.chain, first.chain);
    await again.run();
    assert.equal(again.orders(), 0);
  });

  test('is renewed when its time has come, and the old one serves until then', async () => {
    await open(Date.now, first).run();
    const later = open(() => Date.now() + 61 * day, second);
    assert.equal(later.source.current?.chain, first.chain);
    await later.run();
    assert.deepEqual(later.taken, [second.chain]);
  });

  test('is ordered once only by a clock that runs years ahead', async () => {
    const future = () => Date.now() + 3000 * day;
    const opened = open(future, first);
    await opened.run();
    assert.equal(opened.orders(), 1);
    const again = open(future);
    await again.run();
    assert.equal(again.orders(), 0);
  });

  test('is renewed in time by a clock that was set right after it had run years ahead', async () => {
    await open(() => Date.now() + 3000 * day, first).run();
    const right = open(Date.now);
    assert.equal(Math.round((right.source.nextOrder - Date.now()) / day), 60);
    const failed = open(() => Date.now() + 3000 * day, new Error('no'));
    await failed.run();
    assert.ok(open(Date.now).source.nextOrder < Date.now() + 61 * day);
  });

  test('is asked for less and less often when refused, and restarts do not change that', async () => {
    let now = Date.now();
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      const opened = open(() => now, new Error('no'));
      await opened.run();
      assert.equal(opened.orders(), 1);
      assert.match(opened.lines.join(''), /no certificate for a\.example, b\.example: no /);
      waits.push(opened.source.nextOrder - now);
      const early = open(() => now + waits.at(-1)! - 1000);
      await early.run();
      assert.equal(early.orders(), 0);
      now = opened.source.nextOrder;
    }
    assert.deepEqual(
      waits.map((wait) => Math.round(wait / 60_000)),
      [20, 40, 80, 160],
    );
  });

  test('is not asked for again before the authority wants to be asked', async () => {
    const now = Date.now();
    const opened = open(() => now, new AcmeError('too many certificates', 5 * day, undefined));
    await opened.run();
    assert.equal(opened.source.nextOrder, now + 5 * day);
  });

  test('stays in use when its renewal is refused or gives nonsense', async () => {
    await open(Date.now, first).run();
    for (const result of [new Error('no'), { ...second, chain: 'nonsense' }, { ...second, key: first.key }]) {
      const later = open(() => Date.now() + 61 * day, result);
      await later.run();
      assert.equal(later.source.current?.chain, first.chain);
      writeFileSync(join(directory, 'acme', 'acme.example_14000', 'attempts.json'), '{}');
    }
  });

  test('for other names serves on, but is replaced', async () => {
    const other = signer.issue({ names: ['a.example'], days: 90 });
    new AcmeStore(directory, authority).saveCertificate(other);
    const opened = open(Date.now, first);
    assert.equal(opened.source.current?.chain, other.chain);
    await opened.run();
    assert.deepEqual(opened.taken, [first.chain]);
  });

  test('that is damaged on disk is as good as none, and so is a damaged note', async () => {
    const store = new AcmeStore(directory, authority);
    const key = store.accountKey();
    for (const name of ['certificate.pem', 'attempts.json'])
      writeFileSync(join(directory, 'acme', 'acme.example_14000', name), '{"domains":');
    const opened = open(Date.now, first);
    await opened.run();
    assert.deepEqual(opened.taken, [first.chain]);
    assert.equal(store.accountKey(), key);
  });
});
