// Checks what a tracker reads from an announce's query string, what it refuses and why, and that clients write what it reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Event } from '../../src/protocol/event.ts';
import { Failure } from '../../src/protocol/failure.ts';
import { decodeHttpAnnounce, HttpAnnounceQuestion } from '../../src/protocol/http-announce.ts';
import { formatHttpAnnounce } from '../../src/protocol/http-client-requests.ts';
import { formatLatin1, parseLatin1 } from '../../src/protocol/latin1.ts';

const infoHash = '%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A';
const infoHashHex = '123456789abcdef123456789abcdef123456789a';
const base = `info_hash=${infoHash}&peer_id=-CC0100-abcdefghijkl&port=6881`;

function decode(query: string): HttpAnnounceQuestion | string {
  const into = new HttpAnnounceQuestion();
  // The query lies within the request: its neighbours are no part of it.
  const bytes = parseLatin1(`?${query} HTTP/1.1`);
  const failure = decodeHttpAnnounce(bytes, 1, 1 + query.length, into);
  return failure?.message ?? into;
}

function good(query: string): HttpAnnounceQuestion {
  const result = decode(query);
  assert.ok(result instanceof HttpAnnounceQuestion, String(result));
  return result;
}

test('an announce with the least that is needed is a leecher that takes the defaults', () => {
  const question = good(base);
  assert.equal(Buffer.from(question.infoHash).toString('hex'), infoHashHex);
  assert.equal(formatLatin1(question.peerId), '-CC0100-abcdefghijkl');
  const { port, event, seeding, numwant, compact, noPeerId } = question;
  assert.deepEqual(
    { port, event, seeding, numwant, compact, noPeerId },
    { port: 6881, event: Event.none, seeding: false, numwant: -1, compact: true, noPeerId: false },
  );
});

test('a reused question keeps nothing of the one before', () => {
  const into = new HttpAnnounceQuestion();
  const all = parseLatin1(`${base}&left=0&event=paused&numwant=3&compact=0&no_peer_id=1`);
  assert.equal(decodeHttpAnnounce(all, 0, all.length, into), undefined);
  const least = parseLatin1(base);
  assert.equal(decodeHttpAnnounce(least, 0, least.length, into), undefined);
  assert.deepEqual(into, good(base));
});

test('left=0 is a seeder, anything more is not', () => {
  assert.equal(good(`${base}&left=0`).seeding, true);
  assert.equal(good(`${base}&left=000`).seeding, true);
  for (const left of ['1', '00001', '1000000000', '9223372036854775807', '9223372036854775808']) {
    assert.equal(good(`${base}&left=${left}`).seeding, false, left);
  }
});

test('events are known by name and any other counts as none', () => {
  for (const name of ['started', 'completed', 'stopped', 'paused'] as const) {
    assert.equal(good(`${base}&event=${name}`).event, Event[name]);
  }
  for (const name of ['', 'none', 'Started', 'started%20', 'stoppe', 'stoppedx', '%zz', 'x'.repeat(100)]) {
    assert.equal(good(`${base}&event=${name}`).event, Event.none, name);
  }
  assert.equal(good(`${base}&event`).event, Event.none);
  assert.equal(good(`${base}&event=st%61rted`).event, Event.started);
});

test('a size that is not known, or is larger than any, is a leecher’s', () => {
  const huge = '9'.repeat(4000);
  for (const left of [
    '18446744073709551615',
    '9223372036854775809',
    '-1',
    '-0000000001',
    '+7',
    huge,
    `-${huge}`,
  ]) {
    assert.equal(good(`${base}&left=${left}`).seeding, false, left);
  }
  for (const left of ['', '&left', '&left=']) assert.equal(good(`${base}&left=${left}`).seeding, false, left);
  for (const left of ['-0', '+0', '0'.repeat(4000)])
    assert.equal(good(`${base}&left=${left}`).seeding, true, left);
});

test('numbers are taken whatever their size and sign, and an empty one counts as absent', () => {
  for (const name of ['left', 'uploaded', 'downloaded', 'numwant']) {
    for (const value of [
      '',
      '-1',
      '+1',
      '%31',
      '18446744073709551616',
      `-${'9'.repeat(100)}`,
      '0'.repeat(1000),
    ]) {
      good(`${base}&${name}=${value}`);
    }
    good(`${base}&${name}`);
  }
  assert.equal(good(`${base}&left=&left=0`).seeding, true);
  assert.equal(good(`${base}&numwant=`).numwant, -1);
  assert.equal(good(`${base}&numwant=&numwant=3`).numwant, 3);
  assert.equal(good(`${base}&numwant=-0`).numwant, 0);
  assert.equal(good(`${base}&numwant=+5`).numwant, 5);
  assert.equal(good(`${base}&numwant=${'9'.repeat(500)}`).numwant, 0x7fffffff);
});

test('numwant is a count, and negative means the default', () => {
  assert.equal(good(`${base}&numwant=0`).numwant, 0);
  assert.equal(good(`${base}&numwant=50`).numwant, 50);
  assert.equal(good(`${base}&numwant=-1`).numwant, -1);
  assert.equal(good(`${base}&numwant=-99999999999`).numwant, -1);
  assert.equal(good(`${base}&numwant=9223372036854775807`).numwant, 0x7fffffff);
});

test('only compact=0 asks for dictionaries and only no_peer_id=1 shortens them', () => {
  for (const value of ['', '1', '2', '00', '-0', 'false', '%30%30']) {
    assert.equal(good(`${base}&compact=${value}`).compact, true, value);
  }
  assert.equal(good(`${base}&compact=0`).compact, false);
  assert.equal(good(`${base}&compact=%30`).compact, false);
  for (const value of ['', '0', '2', '11'])
    assert.equal(good(`${base}&no_peer_id=${value}`).noPeerId, false, value);
  assert.equal(good(`${base}&no_peer_id=1`).noPeerId, true);
});

test('a plus sign is a plus sign and %20 a space', () => {
  const question = good(
    'info_hash=++++++++++++++++++++&peer_id=%20%20%20%20%20%20%20%20%20%20----------&port=1',
  );
  assert.equal(formatLatin1(question.infoHash), '+'.repeat(20));
  assert.equal(formatLatin1(question.peerId), ' '.repeat(10) + '-'.repeat(10));
});

test('ip, ipv4, ipv6 and unknown parameters are passed over', () => {
  const odd = 'ip=1.2.3.4&ipv4=%zz&ipv6=::1&key=abcd&&trackerid=x&corrupt=-1&%00&=&==&event=started';
  assert.equal(good(`${odd}&${base}&`).event, Event.started);
});

test('the first of equal names counts', () => {
  const question = good(`${base}&port=99999&left=0&left=x&info_hash=short&peer_id=`);
  assert.deepEqual([question.port, question.seeding], [6881, true]);
  assert.equal(decode(`port=0&${base}`), 'missing or invalid port');
});

const without = (name: string) =>
  base
    .split('&')
    .filter((pair) => !pair.startsWith(name))
    .join('&');

for (const name of ['info_hash', 'peer_id']) {
  const rest = without(name);
  const wrong = [
    '',
    'a'.repeat(19),
    'a'.repeat(21),
    'a'.repeat(64),
    'a'.repeat(5000),
    `${'a'.repeat(18)}%4`,
    `${'a'.repeat(19)}%zz`,
    `${'a'.repeat(19)}%`,
    '%00'.repeat(21),
  ];
  test(`without a good ${name} an announce is refused`, () => {
    assert.equal(decode(rest), `missing or invalid ${name}`);
    assert.equal(decode(`${rest}&${name}`), `missing or invalid ${name}`);
    for (const value of wrong)
      assert.equal(decode(`${rest}&${name}=${value}`), `missing or invalid ${name}`, value);
  });
}

test('anything wrong with a port is refused', () => {
  assert.equal(decode(without('port')), 'missing or invalid port');
  for (const port of [
    '',
    '0',
    '00000',
    '65536',
    '99999',
    '-1',
    '1e3',
    '%2080',
    '+80',
    '80%20',
    '0x50',
    '80.0',
    '6881x',
    '999999',
    '4294967377',
    '%',
    '%3',
    '\u0664',
  ]) {
    assert.equal(decode(`${without('port')}&port=${port}`), 'missing or invalid port', port);
  }
  assert.equal(good(`${without('port')}&port=1`).port, 1);
  assert.equal(good(`${without('port')}&port=65535`).port, 65535);
  assert.equal(good(`${without('port')}&port=%38%30`).port, 80);
});

test('anything but a whole number in decimal digits is no number', () => {
  const wrong = ['-', '+', '--1', '1.0', '1e3', '0x10', ' 1', 'NaN', '%'];
  for (const name of ['left', 'uploaded', 'downloaded', 'numwant']) {
    for (const value of wrong) {
      assert.equal(decode(`${base}&${name}=${value}`), 'invalid numeric parameter', `${name}=${value}`);
    }
  }
  for (const value of ['--1', '-+1', '-1e3', '-', '+', '-%20', `${'1'.repeat(4000)}x`]) {
    assert.equal(decode(`${base}&numwant=${value}`), 'invalid numeric parameter', value);
  }
});

test('of several faults the info_hash is named first, then peer_id, port and numbers', () => {
  assert.equal(decode(''), 'missing or invalid info_hash');
  assert.equal(decode('left=x&port=0&peer_id=a&info_hash=b'), 'missing or invalid info_hash');
  assert.equal(decode(`left=x&port=0&peer_id=a&info_hash=${infoHash}`), 'missing or invalid peer_id');
  assert.equal(decode(`left=x&${without('port')}`), 'missing or invalid port');
});

test('more than 100 parameters are refused without being read', () => {
  good(`${base}${'&a=1'.repeat(97)}`);
  assert.equal(decode(`${base}${'&a=1'.repeat(98)}`), 'too many parameters');
  const started = performance.now();
  assert.equal(decode(`a=1&${'port=0&'.repeat(10_000)}`), 'too many parameters');
  assert.ok(performance.now() - started < 100);
});

test('what a client writes a tracker reads', () => {
  const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });
  const size = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 63n }));
  const request = fc.record(
    {
      infoHash: twenty,
      peerId: twenty,
      port: fc.integer({ min: 1, max: 65535 }),
      uploaded: size,
      downloaded: size,
      left: size,
      event: fc.constantFrom(...Object.values(Event)),
      numwant: fc.integer({ min: -1, max: 0x7fffffff }),
      compact: fc.boolean(),
      noPeerId: fc.boolean(),
      key: fc.constant('1a2b3c4d'),
      trackerId: fc.uint8Array({ maxLength: 9 }),
    },
    { requiredKeys: ['infoHash', 'peerId', 'port', 'uploaded', 'downloaded', 'left'] },
  );
  fc.assert(
    fc.property(request, (sent) => {
      const question = good(formatHttpAnnounce(sent));
      const { infoHash: hash, peerId, port, event, seeding, numwant, compact, noPeerId } = question;
      assert.deepEqual([hash, peerId, port], [sent.infoHash, sent.peerId, sent.port]);
      assert.deepEqual(
        [event, seeding, numwant, compact, noPeerId],
        [
          sent.event ?? Event.none,
          sent.left === 0n,
          sent.numwant ?? -1,
          sent.compact ?? true,
          sent.noPeerId ?? false,
        ],
      );
    }),
  );
});

test('noise is read or refused and never anything else', () => {
  const parts = fc.constantFrom(
    'info_hash',
    'peer_id',
    'port',
    'left',
    'numwant',
    'event',
    '=',
    '=',
    '&',
    '&',
    '%',
    '%41',
    '0',
    '9',
    '-',
    infoHash,
    'a'.repeat(20),
  );
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(parts, { maxLength: 60 }).map((list) => parseLatin1(list.join(''))),
  );
  fc.assert(
    fc.property(noise, (query) => {
      const failure = decodeHttpAnnounce(query, 0, query.length, new HttpAnnounceQuestion());
      assert.ok(failure === undefined || failure instanceof Failure);
    }),
    { numRuns: 2000 },
  );
});
