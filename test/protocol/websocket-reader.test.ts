// Checks the reader of WebSocket frames by the cases of the Autobahn suite's groups 1 to 7, each in every cut of its bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PartialMessage, WebSocketReader } from '../../src/protocol/websocket-reader.ts';
import {
  continued,
  type FrameParts,
  frame,
  ping,
  pong,
  readCut,
  readEveryWay,
  text,
  WebSocketLog,
} from './websocket-log.ts';

const limit = 64 * 1024;
const all = (...frames: Uint8Array[]) => Buffer.concat(frames);
const broken = (events: readonly string[]) =>
  events.map((event) => /^(broken \d+)?/.exec(event)![0]).join('');
const close = (code: number | undefined, reason: string | Uint8Array = '') => {
  const head = code === undefined ? [] : [code >> 8, code & 0xff];
  return frame({ opcode: 8, payload: Buffer.concat([Buffer.from(head), Buffer.from(reason)]) });
};

test('messages of every length are read whole (1.1, 1.2)', () => {
  for (const length of [0, 1, 3, 125, 126, 127, 128, 1000, 65535, 65536]) {
    const payload = Buffer.alloc(length, '*');
    const shown = length > 200 ? String(length) : payload.toString();
    for (const [opcode, word] of [
      [1, 'text'],
      [2, 'binary'],
    ] as const) {
      const input = frame({ opcode, payload });
      assert.deepEqual(readCut(input), [`${word} ${shown}`]);
      assert.deepEqual(
        readCut(
          input,
          [5, 9, 14, 15, 200].filter((cut) => cut < input.length),
        ),
        [`${word} ${shown}`],
      );
    }
  }
});

test('a message in chops of any size is one message (1.1.8)', () => {
  const input = frame({ opcode: 1, payload: Buffer.alloc(65536, '*') });
  for (const size of [1, 2, 7, 997, 1460, 8192]) {
    const cuts = Array.from(
      { length: Math.floor((input.length - 1) / size) },
      (_, index) => (index + 1) * size,
    );
    assert.deepEqual(readCut(input, cuts), ['text 65536'], `in pieces of ${size}`);
  }
});

test('pings carry what is to be sent back, pongs nobody asked for are read (2)', () => {
  assert.deepEqual(readEveryWay(all(ping(), ping('Hello'))), ['ping ', 'ping Hello']);
  const bytes = Buffer.from([0, 255, 254, 253, 252, 251, 0, 255]);
  assert.deepEqual(readEveryWay(ping(bytes)), [`ping ${bytes.toString('latin1')}`]);
  assert.deepEqual(readEveryWay(ping(Buffer.alloc(125, 'a'))), [`ping ${'a'.repeat(125)}`]);
  assert.equal(broken(readEveryWay(ping(Buffer.alloc(126, 'a')))), 'broken 1002');
  assert.deepEqual(readEveryWay(all(pong(), pong('x'), ping('y'))), ['pong ', 'pong x', 'ping y']);
  const many = Array.from({ length: 10 }, (_, index) => ping(`payload-${index}`));
  assert.equal(readEveryWay(all(...many)).length, 10);
});

test('reserved bits end the connection, whatever they stand in (3)', () => {
  for (let reserved = 1; reserved < 8; reserved++) {
    const first = reserved % 2 === 0 ? all(text('before')) : Buffer.alloc(0);
    for (const opcode of [1, 2, 8, 9, 10]) {
      const events = readEveryWay(all(first, frame({ opcode, reserved, payload: 'x' }), ping()));
      assert.equal(broken(events.slice(-1)), 'broken 1002');
      assert.equal(events.length, first.length > 0 ? 2 : 1);
    }
  }
});

test('unknown opcodes end the connection (4)', () => {
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    for (const payload of ['', 'reserved opcode payload']) {
      const events = readEveryWay(all(text('Hello'), frame({ opcode, payload }), ping()));
      assert.deepEqual(events, ['text Hello', 'broken 1002 an opcode is unknown']);
    }
  }
});

test('fragments are one message, and control frames may come between them (5)', () => {
  const first = text('fragment1', { final: false });
  assert.deepEqual(readEveryWay(all(first, continued('fragment2'))), ['text fragment1fragment2']);
  assert.deepEqual(readEveryWay(all(first, ping('ping'), continued('fragment2'))), [
    'ping ping',
    'text fragment1fragment2',
  ]);
  assert.deepEqual(
    readEveryWay(
      all(first, continued('2', { final: false }), pong(), ping('p'), continued('3'), text('next')),
    ),
    ['pong ', 'ping p', 'text fragment123', 'text next'],
  );
  assert.deepEqual(
    readEveryWay(all(text('', { final: false }), continued('', { final: false }), continued(''))),
    ['text '],
  );
  assert.deepEqual(readEveryWay(all(frame({ opcode: 2, payload: '\u0080', final: false }), continued('b'))), [
    'binary \u00c2\u0080b',
  ]);
});

test('fragments in the wrong order end the connection (5)', () => {
  const first = text('fragment1', { final: false });
  const wrong: Record<string, Buffer[]> = {
    'a fragmented ping': [frame({ opcode: 9, payload: 'fragment1', final: false }), continued('fragment2')],
    'a fragmented pong': [frame({ opcode: 10, payload: 'fragment1', final: false }), continued('fragment2')],
    'a fragmented close': [frame({ opcode: 8, payload: '\x03\xe8', final: false })],
    'a continuation of nothing': [continued('non-continuation payload'), text('Hello')],
    'an unfinished continuation of nothing': [continued('x', { final: false }), text('Hello')],
    'a text within a text': [first, text('fragment2')],
    'a binary within a text': [first, frame({ opcode: 2, payload: 'x', final: false })],
  };
  for (const [name, frames] of Object.entries(wrong)) {
    assert.equal(broken(readEveryWay(all(...frames)).slice(0, 1)), 'broken 1002', name);
  }
  const twice = all(first, continued('2'), continued('3'));
  assert.deepEqual(readEveryWay(twice), ['text fragment12', 'broken 1002 there is nothing to continue']);
});

const goodTexts = [
  'Hello-µ@ßöäüàá-UTF-8!!',
  'κόσμε',
  '\u0000',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\ufffd',
  '\ufffe',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  '\ufeffmark',
];
const badTexts: Record<string, number[]> = {
  'a surrogate': [0xce, 0xba, 0xed, 0xa0, 0x80, 0x65],
  'the last surrogate': [0xed, 0xbf, 0xbf],
  'above U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'five bytes': [0xf8, 0x88, 0x80, 0x80, 0x80],
  'six bytes': [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
  'a continuation alone': [0x80],
  'many continuations': [0xbf, 0x80, 0xbf, 0x80],
  'a start without its rest': [0xe0, 0xa0, 0x20],
  'a start at the end': [0xce, 0xba, 0xe1, 0xbd],
  'overlong, two bytes': [0xc0, 0xaf],
  'the longest overlong, two bytes': [0xc1, 0xbf],
  'overlong, three bytes': [0xe0, 0x9f, 0xbf],
  'overlong, four bytes': [0xf0, 0x8f, 0xbf, 0xbf],
  'what is never in UTF-8': [0xfe],
  'nor this': [0xff, 0xff],
};

test('texts must be UTF-8, in one frame, in fragments that cut a character, in any bytes (6)', () => {
  for (const good of goodTexts) {
    const bytes = Buffer.from(good);
    assert.deepEqual(readEveryWay(text(good)), [`text ${bytes.toString('latin1')}`]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const input = all(text(bytes.subarray(0, cut), { final: false }), continued(bytes.subarray(cut)));
      assert.deepEqual(readEveryWay(input), [`text ${bytes.toString('latin1')}`]);
    }
  }
  for (const [name, bad] of Object.entries(badTexts)) {
    const bytes = Buffer.from(bad);
    // Behind more and less ASCII, since that is looked at in words.
    for (const before of ['', 'a', 'abc', 'a'.repeat(40), 'a'.repeat(43)]) {
      const payload = all(Buffer.from(before), bytes);
      assert.deepEqual(readCut(text(payload)), ['broken 1007 a text is not UTF-8'], name);
    }
    for (let cut = 0; cut <= bytes.length; cut++) {
      const input = all(
        text(bytes.subarray(0, cut), { final: false }),
        continued(bytes.subarray(cut)),
        ping(),
      );
      assert.deepEqual(readEveryWay(input), ['broken 1007 a text is not UTF-8'], `${name}, cut at ${cut}`);
    }
    assert.equal(readCut(frame({ opcode: 2, payload: bytes }))[0].split(' ')[0], 'binary');
  }
});

test('what follows a close is not read, and its code and reason are checked (7)', () => {
  assert.deepEqual(readEveryWay(all(text('Hello'), close(undefined), ping(), text('x'))), [
    'text Hello',
    'close 1005 ',
  ]);
  assert.deepEqual(readEveryWay(all(text('a', { final: false }), close(1000), continued('b'))), [
    'close 1000 ',
  ]);
  assert.deepEqual(readEveryWay(close(1000, 'Hello World!')), ['close 1000 Hello World!']);
  assert.deepEqual(readEveryWay(close(1000, 'x'.repeat(123))), [`close 1000 ${'x'.repeat(123)}`]);
  assert.equal(broken(readEveryWay(close(1000, 'x'.repeat(124)))), 'broken 1002');
  assert.equal(broken(readEveryWay(frame({ opcode: 8, payload: '\x03' }))), 'broken 1002');
  assert.equal(broken(readEveryWay(close(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80])))), 'broken 1007');
});

test('only codes that may be sent may be received (7.7, 7.9)', () => {
  for (const code of [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ]) {
    assert.deepEqual(readEveryWay(close(code)), [`close ${code} `]);
  }
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]) {
    assert.equal(broken(readEveryWay(close(code))), 'broken 1002', String(code));
  }
});

test("a client's frames must be masked, a server's must not", () => {
  assert.equal(broken(readEveryWay(text('Hello', { mask: null }))), 'broken 1002');
  const fromServer = () => new WebSocketReader('server', limit);
  assert.deepEqual(readCut(text('Hello µ', { mask: null }), [], fromServer()), ['text Hello Â\u00b5']);
  assert.equal(broken(readCut(text('Hello'), [], fromServer())), 'broken 1002');
  assert.equal(broken(readCut(text(Buffer.from([0xff]), { mask: null }), [], fromServer())), 'broken 1007');
});

test('a length in more bytes than it needs is refused', () => {
  const wrong: [number, 2 | 8][] = [
    [0, 2],
    [125, 2],
    [0, 8],
    [126, 8],
    [65535, 8],
  ];
  for (const [length, lengthBytes] of wrong) {
    const input = frame({ opcode: 1, payload: Buffer.alloc(length, 'x'), lengthBytes });
    assert.equal(broken(readCut(input)), 'broken 1002', `${length} in ${lengthBytes} bytes`);
    assert.equal(broken(readCut(input, [1, 2, 3, 4, 5, 6, 7, 8])), 'broken 1002');
  }
});

test('a message over the limit is refused when its head says so, before its bytes come', () => {
  for (const claimed of [limit + 1, 2 ** 31, 2 ** 32 + 5, 2 ** 53]) {
    const head = frame({ opcode: 2, claimed }).subarray(0, 10);
    assert.equal(broken(readEveryWay(head)), 'broken 1009', String(claimed));
  }
  const highest = Buffer.concat([Buffer.from([0x81, 0xff]), Buffer.alloc(8, 0xff)]);
  assert.equal(broken(readEveryWay(highest)), 'broken 1009');
  // Fragments count together.
  const half = Buffer.alloc(limit / 2, 'x');
  const two = all(text(half, { final: false }), continued(half, { final: false }));
  assert.deepEqual(readCut(all(two, continued(''))), [`text ${limit}`]);
  assert.deepEqual(readCut(all(two, continued('x'))), ['broken 1009 a message is too big']);
});

test('what is announced and does not come takes no memory', () => {
  const reader = new WebSocketReader('client', limit);
  const input = text('x', { claimed: limit });
  const partial = reader.read(undefined, input, 0, input.length, new WebSocketLog());
  assert.ok(partial!.payload.length <= 1024, `${partial!.payload.length} bytes`);
});

test('nothing is kept of a connection between whole frames', () => {
  const reader = new WebSocketReader('client', limit);
  const log = new WebSocketLog();
  const input = all(text('one'), ping('two'), text('x', { final: false }), continued('y'));
  let partial: PartialMessage | undefined;
  for (let at = 0; at < input.length; at++) {
    partial = reader.read(partial, input, at, at + 1, log);
    if (at === text('one').length - 1) assert.equal(partial, undefined);
  }
  assert.equal(partial, undefined);
  assert.deepEqual(log.events, ['text one', 'ping two', 'text xy']);
});

test('one reader serves many connections whose frames come in turns', () => {
  const reader = new WebSocketReader('client', limit);
  const connections = Array.from({ length: 20 }, (_, index) => ({
    log: new WebSocketLog(),
    input: all(
      text(`a${index}`, { final: false }),
      ping(`p${index}`),
      continued(`b${index}`),
      text(`c${index}`),
    ),
    partial: undefined as PartialMessage | undefined,
  }));
  for (let at = 0; at < 100; at++) {
    for (const connection of connections) {
      const { input, log } = connection;
      if (at < input.length) connection.partial = reader.read(connection.partial, input, at, at + 1, log);
    }
  }
  for (const [index, { log }] of connections.entries()) {
    assert.deepEqual(log.events, [`ping p${index}`, `text a${index}b${index}`, `text c${index}`]);
  }
});

test('a sink that has had enough is told where to go on, behind whole frames and behind cut ones', () => {
  const input = all(text('one'), text('two', { final: false }), continued('3'), ping('four'), text('five'));
  for (let cut = 0; cut <= input.length; cut++) {
    const reader = new WebSocketReader('client', limit);
    const log = new WebSocketLog();
    // What is read is unmasked where it lies, so each call gets a copy.
    const rest = (from: number, to: number) => Uint8Array.from(input.subarray(from, to));
    let partial: PartialMessage | undefined;
    let at = 0;
    while (at < input.length) {
      log.patience = 1;
      const bytes = rest(at, at < cut ? cut : input.length);
      partial = reader.read(partial, bytes, 0, bytes.length, log);
      at += reader.consumed;
    }
    assert.deepEqual(log.events, ['text one', 'text two3', 'ping four', 'text five'], `cut at ${cut}`);
  }
});

const payloads = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => Buffer.from(value)),
  fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)),
);
const anyFrame: fc.Arbitrary<FrameParts> = fc.record({
  opcode: fc.constantFrom(0, 0, 1, 1, 2, 8, 9, 10, 3),
  payload: payloads,
  final: fc.boolean(),
  reserved: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1),
});

test('any frames, right or wrong, are read alike in any pieces', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 6 }),
      fc.array(fc.nat(2000), { maxLength: 12 }),
      (frames, offsets) => {
        const input = all(...frames.map((parts) => frame(parts)));
        const cuts = [...new Set(offsets.filter((cut) => cut > 0 && cut < input.length))].sort(
          (a, b) => a - b,
        );
        assert.deepEqual(readCut(input, cuts), readCut(input));
      },
    ),
    { numRuns: 500 },
  );
});

test('hostile bytes are read without an exception, and no range leaves the input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const first = readCut(bytes);
      assert.deepEqual(readCut(bytes, bytes.length > 1 ? [bytes.length >> 1] : []), first);
    }),
    { numRuns: 2000 },
  );
});
