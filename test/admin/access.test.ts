// Who is let in at the admin door.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AccessRules, type Caller } from '../../src/admin/door/access.ts';

const token = 'correct-horse-battery-staple';

function createRules(changes: Partial<ConstructorParameters<typeof AccessRules>[0]> = {}) {
  return new AccessRules({
    token,
    tokenRequired: false,
    hosts: ['tracker.example.net'],
    clock: () => 0,
    ...changes,
  });
}

function caller(changes: Partial<Caller> = {}): Caller {
  return {
    local: false,
    remoteAddress: '127.0.0.1',
    localAddress: '127.0.0.1',
    host: 'localhost:6970',
    authorization: undefined,
    fetchSite: undefined,
    ...changes,
  };
}

describe('the Host that a request names', () => {
  const allowed = [
    'localhost',
    'LOCALHOST:1',
    '127.0.0.1:6970',
    'tracker.example.net',
    'Tracker.Example.Net:443',
  ];
  for (const host of allowed) {
    test(`${host} is allowed`, () => {
      assert.equal(createRules().decide(caller({ host }), false).granted, true);
    });
  }
  const foreign = [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'tracker.example.net.evil.example',
    'evil.example@localhost',
    'localhost:x',
    'localhost\n',
    '127.0.0.2',
    '8.8.8.8:6970',
    '[::1]',
    '[localhost]',
    'localhost, evil.example',
  ];
  for (const host of foreign) {
    test(`${JSON.stringify(host)} is refused, with the right token too`, () => {
      const authorization = `Bearer ${token}`;
      const access = createRules().decide(caller({ host, authorization }), true);
      assert.ok(!access.granted && access.status === 403);
    });
  }

  test('an address of ours is allowed in brackets and as an IPv4 address on a socket for both families', () => {
    const rules = createRules();
    assert.equal(
      rules.decide(caller({ host: '[2001:db8::1]:80', localAddress: '2001:db8::1' }), false).granted,
      true,
    );
    assert.equal(
      rules.decide(caller({ host: '192.0.2.1', localAddress: '::ffff:192.0.2.1' }), false).granted,
      true,
    );
  });
});

describe('the token', () => {
  test('lets an operator act, in whatever case the scheme is written', () => {
    for (const scheme of ['Bearer', 'bearer']) {
      const access = createRules().decide(caller({ authorization: `${scheme} ${token}` }), false);
      assert.deepEqual(access, { granted: true, trusted: true });
    }
  });

  test('is not needed to look from loopback, and to act it is', () => {
    assert.deepEqual(createRules().decide(caller(), false), { granted: true, trusted: false });
  });

  test('is needed for everything but the page itself where the door is reached from outside', () => {
    const rules = createRules({ tokenRequired: true });
    const access = rules.decide(caller(), false);
    assert.ok(!access.granted && access.status === 401);
    assert.equal(rules.decide(caller(), true).granted, true);
  });

  for (const wrong of [
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${token}x`,
    `Basic ${token}`,
    token,
    `Bearer  ${token}`,
  ]) {
    test(`is not ${JSON.stringify(wrong)}`, () => {
      const access = createRules().decide(caller({ authorization: wrong }), true);
      assert.ok(!access.granted && access.status === 401 && access.wrongToken);
    });
  }

  test('there is none, so none is right', () => {
    const access = createRules({ token: undefined }).decide(
      caller({ authorization: 'Bearer undefined' }),
      true,
    );
    assert.equal(access.granted, false);
  });

  test('lets in whoever has it, however many wrong ones came from the same address', () => {
    const rules = createRules();
    for (let n = 0; n < 1000; n++) rules.decide(caller({ authorization: 'Bearer wrong-token' }), false);
    assert.deepEqual(rules.decide(caller({ authorization: `Bearer ${token}` }), false), {
      granted: true,
      trusted: true,
    });
  });

  test('is reported wrong ten times a minute for each /64 and each IPv4 address', () => {
    let now = 0;
    const rules = createRules({ clock: () => now });
    const reported = (remoteAddress: string) => {
      const access = rules.decide(caller({ authorization: 'Bearer wrong-token', remoteAddress }), false);
      return !access.granted && access.wrongToken;
    };
    for (let n = 0; n < 1012; n++) assert.equal(reported(`2001:db8::${n.toString(16)}`), n < 10);
    assert.equal(reported('2001:db8:0:1::1'), true);
    for (let n = 0; n < 12; n++) assert.equal(reported('::ffff:192.0.2.1'), n < 10);
    assert.equal(reported('192.0.2.2'), true);
    now += 60_000;
    assert.equal(reported('2001:db8::1'), true);
  });

  test('enters from everywhere while guesses come from more networks than are remembered', () => {
    const rules = createRules();
    for (let n = 0; n < 2012; n++) {
      const remoteAddress = `2001:db8:0:${n.toString(16)}::1`;
      rules.decide(caller({ authorization: 'Bearer wrong-token', remoteAddress }), false);
    }
    const right = caller({ authorization: `Bearer ${token}`, remoteAddress: '2001:db8:ffff::1' });
    assert.equal(rules.decide(right, false).granted, true);
  });
});

test('pages of other sites may not ask, and whoever comes through the UNIX socket may do all', () => {
  const access = createRules().decide(caller({ fetchSite: 'cross-site' }), false);
  assert.ok(!access.granted && access.status === 403);
  const local = caller({ local: true, host: undefined });
  assert.deepEqual(createRules({ tokenRequired: true }).decide(local, false), {
    granted: true,
    trusted: true,
  });
});
