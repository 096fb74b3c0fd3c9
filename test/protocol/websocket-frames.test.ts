// Checks the frames that are written, masking, and the handshake that comes before them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  encodeClosePayload,
  encodeMaskedWebSocketFrame,
  encodeWebSocketFrame,
  encodeWebSocketHeadBefore,
  longestServerHead,
  webSocketHeadBytes,
} from '../../src/protocol/websocket-frames.ts';
import {
  faultOfUpgrade,
  faultOfUpgradeAnswer,
  type UpgradeRequest,
  upgradeAnswer,
  upgradeFields,
} from '../../src/protocol/websocket-handshake.ts';
import { applyMask, rotateMask } from '../../src/protocol/websocket-mask.ts';
import { WebSocketReader } from '../../src/protocol/websocket-reader.ts';
import { frame, readCut } from './websocket-log.ts';

const digest = (text: string) => createHash('sha1').update(text, 'latin1').digest('base64');

test('frames of both ends are written as the RFC shows them', () => {
  const hello = Buffer.from('Hello');
  const bytes = new Uint8Array(20);
  const server = encodeWebSocketFrame(bytes, 0, 1, hello);
  assert.equal(Buffer.from(bytes.subarray(0, server)).toString('hex'), '810548656c6c6f');
  const client = encodeMaskedWebSocketFrame(bytes, 0, 1, 0x3d21fa37, hello);
  assert.equal(Buffer.from(bytes.subarray(0, client)).toString('hex'), '818537fa213d7f9f4d5158');
});

test('frames of every length are written in the shortest way, at any place', () => {
  for (const length of [0, 1, 125, 126, 127, 65535, 65536, 70000]) {
    const payload = Buffer.alloc(length, 'µ-');
    for (const at of [0, 1, 2, 3]) {
      const bytes = new Uint8Array(length + 20);
      const end = encodeWebSocketFrame(bytes, at, 2, payload);
      assert.deepEqual(Buffer.from(bytes.subarray(at, end)), frame({ opcode: 2, payload, mask: null }));
      const masked = encodeMaskedWebSocketFrame(bytes, at, 2, 0x04030201, payload);
      assert.deepEqual(
        Buffer.from(bytes.subarray(at, masked)),
        frame({ opcode: 2, payload, mask: [1, 2, 3, 4] }),
      );
      const room = new Uint8Array(longestServerHead + length);
      room.set(payload, longestServerHead);
      const begin = encodeWebSocketHeadBefore(room, longestServerHead, 2, length);
      assert.equal(begin, longestServerHead - webSocketHeadBytes(length));
      assert.deepEqual(Buffer.from(room.subarray(begin)), frame({ opcode: 2, payload, mask: null }));
    }
  }
});

test('what a client writes is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer(), fc.nat(8), (payload, mask, at) => {
      const bytes = new Uint8Array(payload.length + 30);
      const end = encodeMaskedWebSocketFrame(bytes, at, 2, mask, payload);
      const shown = payload.length > 200 ? String(payload.length) : Buffer.from(payload).toString('latin1');
      assert.deepEqual(readCut(bytes.subarray(at, end)), [`binary ${shown}`]);
    }),
  );
});

test('a close says its code and reason', () => {
  const payload = new Uint8Array(30);
  const end = encodeClosePayload(payload, 0, 1009, 'a message is too big');
  const bytes = new Uint8Array(40);
  const length = encodeWebSocketFrame(bytes, 0, 8, payload, 0, end);
  const reader = new WebSocketReader('server', 100);
  assert.deepEqual(readCut(bytes.subarray(0, length), [], reader), ['close 1009 a message is too big']);
});

test('masking by words is masking by bytes, wherever it begins', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer(), fc.nat(7), (payload, mask, from) => {
      const memory = new Uint8Array(120);
      const bytes = memory.subarray(3);
      bytes.set(payload, from);
      const expected = payload.map((byte, index) => byte ^ (mask >>> (8 * (index & 3))));
      const seen = applyMask(bytes, from, from + payload.length, mask);
      assert.deepEqual(bytes.slice(from, from + payload.length), expected);
      assert.equal(
        (seen & (0x80808080 | 0)) !== 0,
        expected.some((byte) => byte >= 0x80),
      );
      assert.equal(
        memory.filter((byte) => byte !== 0).length,
        expected.filter((byte) => byte !== 0).length,
        'what lies beside it is left alone',
      );
    }),
  );
  for (let count = 0; count < 9; count++) {
    assert.equal(rotateMask(0x04030201, count) & 0xff, (count & 3) + 1);
  }
});

const request: UpgradeRequest = {
  method: 'GET',
  http11: true,
  upgrade: 'websocket',
  connection: 'Upgrade',
  key: 'dGhlIHNhbXBsZSBub25jZQ==',
  version: '13',
};

test('an upgrade is answered as the RFC shows it', () => {
  assert.equal(faultOfUpgrade(request), undefined);
  assert.deepEqual(upgradeAnswer(request.key!, digest), [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
  ]);
});

test('names of protocols and options are read in any case and any list', () => {
  for (const good of [
    { connection: 'upgrade' },
    { connection: 'keep-alive, Upgrade' },
    { connection: 'keep-alive , UPGRADE ,x' },
    { upgrade: 'WebSocket' },
    { upgrade: 'h2c, websocket' },
    { key: ' dGhlIHNhbXBsZSBub25jZQ== ' },
    { version: ' 13' },
  ]) {
    assert.equal(faultOfUpgrade({ ...request, ...good }), undefined, JSON.stringify(good));
  }
});

test('a request that is no upgrade to WebSocket 13 is refused, and says what would be one', () => {
  const cases: [Partial<UpgradeRequest>, number][] = [
    [{ method: 'HEAD' }, 405],
    [{ method: 'POST' }, 405],
    [{ http11: false }, 400],
    [{ upgrade: 'h2c' }, 426],
    [{ upgrade: undefined }, 426],
    [{ upgrade: 'websockets' }, 426],
    [{ connection: undefined }, 400],
    [{ connection: 'keep-alive' }, 400],
    [{ version: undefined }, 426],
    [{ version: '8' }, 426],
    [{ version: '13, 8' }, 426],
    [{ key: undefined }, 400],
    [{ key: '' }, 400],
    [{ key: 'dGhlIHNhbXBsZSBub25jZQ' }, 400],
    [{ key: 'dGhlIHNhbXBsZSBub25jZTE=' }, 400],
    [{ key: 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==' }, 400],
    [{ key: '\u00e4GhlIHNhbXBsZSBub25jZQ==' }, 400],
  ];
  for (const [change, status] of cases) {
    const fault = faultOfUpgrade({ ...request, ...change });
    assert.equal(fault?.status, status, JSON.stringify(change));
    const fields = Object.fromEntries(fault!.fields);
    if (status === 426) assert.equal(fields['Sec-WebSocket-Version'], '13');
    if (status === 405) assert.equal(fields.Allow, 'GET');
  }
});

test('a client asks what a tracker takes, and believes only the answer to its own key', () => {
  const key = request.key!;
  const asked = Object.fromEntries(upgradeFields(key));
  assert.equal(
    faultOfUpgrade({
      method: 'GET',
      http11: true,
      upgrade: asked.Upgrade,
      connection: asked.Connection,
      key: asked['Sec-WebSocket-Key'],
      version: asked['Sec-WebSocket-Version'],
    }),
    undefined,
  );
  const [[, upgrade], [, connection], [, accept]] = upgradeAnswer(key, digest);
  const answer = { upgrade, connection, accept, extensions: undefined, protocol: undefined };
  assert.equal(faultOfUpgradeAnswer(answer, key, digest), undefined);
  for (const wrong of [
    { upgrade: undefined },
    { connection: 'close' },
    { accept: undefined },
    { accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOp=' },
    { extensions: 'permessage-deflate' },
    { protocol: 'bittorrent' },
  ]) {
    assert.notEqual(
      faultOfUpgradeAnswer({ ...answer, ...wrong }, key, digest),
      undefined,
      JSON.stringify(wrong),
    );
  }
});
