// Heads of packets are read as they are, damaged ones are seen, and an answer's heads are right by RFC 791, 768, 1071 and 8200.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketHead } from '../../../src/net/xdp/packet-head.ts';
import { frameBytes, packetAt } from '../../../src/net/xdp/xdp-handle.ts';
import { be16, internetSum, type PacketShape, packet } from './packets.ts';

function frames(bytes: Uint8Array) {
  const memory = new ArrayBuffer(2 * frameBytes);
  const all = new Uint8Array(memory);
  // What lay in the frames before.
  all.fill(0xa5);
  all.set(bytes, packetAt);
  return { memory, all, head: new PacketHead(memory) };
}

const payload = Uint8Array.from({ length: 98 }, (_, i) => i * 7);
const shapes: PacketShape[] = [
  { payload },
  { payload, vlan: 42 },
  { payload, family: 6 },
  { payload, family: 6, vlan: 42 },
  { payload, checksum: 'none' },
  { payload, checksum: 'partial' },
  { payload: payload.subarray(0, 17) },
  { payload: new Uint8Array(0) },
];

for (const shape of shapes) {
  const name = JSON.stringify({ ...shape, payload: shape.payload?.length });
  test(`read and answered: ${name}`, () => {
    const question = packet(shape);
    const { all, head } = frames(question);
    // Short packets are padded to 60 bytes by Ethernet.
    assert.ok(head.read(packetAt, Math.max(question.length, 60)));
    assert.equal(head.family, shape.family ?? 4);
    assert.deepEqual(all.slice(head.questionAt, head.questionAt + head.questionBytes), shape.payload);
    assert.equal(head.questionAt % 4, 0);
    const addressBytes = head.family === 4 ? 4 : 16;
    const ipAt = shape.vlan === undefined ? 14 : 18;
    const source = question.slice(ipAt + (head.family === 4 ? 12 : 8)).slice(0, addressBytes);
    assert.deepEqual(all.slice(head.addressWord * 4).slice(0, addressBytes), source);
    for (const bytes of [8, 16, 27, 320, 1400]) {
      const to = frameBytes + packetAt;
      for (let i = 0; i < bytes; i++) all[to + head.headBytes + i] = i * 13;
      const length = head.answer(to, bytes);
      checkAnswer([...all.slice(to, to + length)], [...question], head.family, ipAt, bytes);
    }
  });
}

function checkAnswer(answer: number[], question: number[], family: 4 | 6, ipAt: number, bytes: number): void {
  assert.deepEqual(answer.slice(0, 6), question.slice(6, 12), 'to the MAC that asked');
  assert.deepEqual(answer.slice(6, 12), question.slice(0, 6));
  assert.deepEqual(answer.slice(12, ipAt), question.slice(12, ipAt), 'VLAN tag and type');
  const ipBytes = family === 4 ? 20 : 40;
  const addressBytes = family === 4 ? 4 : 16;
  const sourceAt = ipAt + (family === 4 ? 12 : 8);
  const source = answer.slice(sourceAt, sourceAt + addressBytes);
  const target = answer.slice(sourceAt + addressBytes, sourceAt + 2 * addressBytes);
  assert.deepEqual(source, question.slice(sourceAt + addressBytes, sourceAt + 2 * addressBytes));
  assert.deepEqual(target, question.slice(sourceAt, sourceAt + addressBytes));
  const udpAt = ipAt + ipBytes;
  if (family === 4) {
    const header = answer.slice(ipAt, udpAt);
    assert.equal(internetSum(header), 0xffff, "IPv4's sum");
    assert.deepEqual(header.slice(0, 10), [0x45, 0, ...be16(28 + bytes), 0, 0, 0x40, 0, 64, 17]);
  } else {
    assert.deepEqual(answer.slice(ipAt, ipAt + 8), [0x60, 0, 0, 0, ...be16(8 + bytes), 17, 64]);
  }
  const udp = answer.slice(udpAt);
  assert.equal(udp.length, 8 + bytes);
  assert.deepEqual(udp.slice(0, 2), question.slice(udpAt + 2, udpAt + 4));
  assert.deepEqual(udp.slice(2, 4), question.slice(udpAt, udpAt + 2));
  assert.deepEqual(udp.slice(4, 6), be16(8 + bytes));
  assert.notDeepEqual(udp.slice(6, 8), [0, 0], 'there is a sum');
  assert.equal(internetSum([...source, ...target, 0, 17, ...be16(8 + bytes), ...udp]), 0xffff, "UDP's sum");
  assert.deepEqual(
    udp.slice(8),
    Array.from({ length: bytes }, (_, i) => (i * 13) & 0xff),
  );
}

const broken: [string, PacketShape, ((bytes: Uint8Array) => Uint8Array)?][] = [
  ['a wrong sum', { payload, checksum: 'wrong' }],
  ['a wrong sum over IPv6', { payload, family: 6, checksum: 'wrong' }],
  ['no sum over IPv6', { payload, family: 6, checksum: 'none' }],
  ['a UDP length beyond the packet', { payload, udpLength: 200 }],
  ['a UDP length below its own header', { payload, udpLength: 7 }],
  ['a packet cut off', { payload }, (bytes) => bytes.subarray(0, bytes.length - 1)],
];
for (const [name, shape, change = (bytes: Uint8Array) => bytes] of broken) {
  test(`not taken: ${name}`, () => {
    const bytes = change(packet(shape));
    assert.equal(frames(bytes).head.read(packetAt, bytes.length), false);
  });
}

test('whatever lies in a frame, nothing is read outside of it or thrown', () => {
  const bytes = packet({ payload });
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  for (let round = 0; round < 20_000; round++) {
    const changed = packet(shapes[random(shapes.length)]).slice(0, 42 + random(120));
    for (let i = 0; i < 3; i++) changed[random(changed.length)] = random(256);
    const { head } = frames(changed);
    if (!head.read(packetAt, changed.length)) continue;
    assert.ok(head.questionBytes >= 0);
    assert.ok(head.questionAt + head.questionBytes <= packetAt + changed.length);
  }
  assert.ok(frames(bytes).head.read(packetAt, bytes.length));
});
