import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox, type OutboxOwner } from '../../../src/transport/http-epoll/outbox.ts';

class Owner implements OutboxOwner {
  firstPiece = -1;
  lastPiece = -1;
  gathered = 0;
  readonly sent: string[] = [];

  sendGathered(bytes: Uint8Array, end: number): void {
    this.sent.push(Buffer.from(bytes.subarray(0, end)).toString('latin1'));
  }
}

const output = () => new Uint8Array(64 * 1024);
const add = (outbox: Outbox, owner: Owner, text: string) => {
  const bytes = Buffer.from(`..${text}`, 'latin1');
  return outbox.add(owner, bytes, 2, bytes.length);
};

test('what several owners gave in turn leaves in one piece for each, in order', () => {
  const outbox = new Outbox(output());
  const [one, other] = [new Owner(), new Owner()];
  for (let n = 0; n < 5; n++) {
    add(outbox, one, `a${n}`);
    add(outbox, other, `b${n}`);
  }
  assert.deepEqual([one.gathered, one.sent], [10, []]);
  outbox.flush();
  assert.deepEqual(one.sent, ['a0a1a2a3a4']);
  assert.deepEqual(other.sent, ['b0b1b2b3b4']);
  assert.equal(one.gathered, 0);
  outbox.flush();
  assert.equal(one.sent.length, 1, 'nothing is sent twice');
});

test('a full outbox sends by itself, and nothing is lost or changes places', () => {
  const outbox = new Outbox(output());
  const owners = [new Owner(), new Owner(), new Owner()];
  const given = owners.map(() => '');
  // 9,000 pieces and 1.5 MB: more of both than fits.
  for (let n = 0; n < 9000; n++) {
    const text = `${n},`.padEnd((n * 7919) % 400, 'x');
    given[n % 3] += text;
    assert.ok(add(outbox, owners[n % 3], text));
  }
  outbox.flush();
  assert.deepEqual(
    owners.map(({ sent }) => sent.join('')),
    given,
  );
  assert.ok(owners[0].sent.length < 50, 'in few calls');
});

test('more for one owner than the output holds leaves in parts', () => {
  const outbox = new Outbox(output());
  const owner = new Owner();
  for (let n = 0; n < 5; n++) add(outbox, owner, String(n).repeat(40_000));
  outbox.flush();
  assert.deepEqual(
    owner.sent.map((text) => text.length),
    [40_000, 40_000, 40_000, 40_000, 40_000],
  );
});

test('what is too long is not taken', () => {
  const outbox = new Outbox(output());
  const owner = new Owner();
  assert.equal(add(outbox, owner, 'x'.repeat(64 * 1024 + 1)), false);
  assert.equal(owner.gathered, 0);
});

test('one owner may be flushed or dropped before the others, and go on', () => {
  const outbox = new Outbox(output());
  const [one, other] = [new Owner(), new Owner()];
  add(outbox, one, 'first');
  add(outbox, other, 'gone');
  outbox.flushOwner(one);
  outbox.drop(other);
  assert.deepEqual(one.sent, ['first']);
  add(outbox, one, 'second');
  add(outbox, other, 'new');
  outbox.flush();
  assert.deepEqual([one.sent, other.sent], [['first', 'second'], ['new']]);
});
