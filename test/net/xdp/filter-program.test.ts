// The filter program is run by the kernel on packets of every kind: what goes to the ring, what to the kernel, what nowhere.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadSystemCalls } from '../../../src/net/system-calls.ts';
import { Bpf, MapType } from '../../../src/net/xdp/bpf.ts';
import {
  FilterCount,
  filterCounts,
  filterProgram,
  type Shield,
  XdpAction,
} from '../../../src/net/xdp/filter-program.ts';
import { connectPayload, ourIpv4, ourIpv6, type PacketShape, packet, requestPayload } from './packets.ts';

const { calls } = loadSystemCalls();
const bpf = calls && new Bpf(calls);
const skip = whyNot();

function whyNot(): string | false {
  if (!calls || !bpf) return 'there are no system calls here';
  try {
    calls.close(bpf.createMap(MapType.hash, 16, 4, 8));
    return false;
  } catch (error) {
    return `the kernel lets this process load no program: ${(error as Error).message}`;
  }
}

const descriptors: number[] = [];
after(() => {
  for (const fd of descriptors) calls?.close(fd);
  bpf?.close();
});

function load(shield?: Shield) {
  const maps = {
    rings: bpf!.createMap(MapType.rings, 4, 4, 64),
    addresses: bpf!.createMap(MapType.hash, 16, 4, 16),
    counts: bpf!.createMap(MapType.perCpuArray, 4, 8, filterCounts),
    sources: bpf!.createMap(MapType.lruHash, 16, 8, 1024),
  };
  const value = Uint8Array.of(1, 0, 0, 0);
  bpf!.update(maps.addresses, Uint8Array.from([...new Array(10).fill(0), 255, 255, ...ourIpv4]), value);
  bpf!.update(maps.addresses, Uint8Array.from(ourIpv6), value);
  const program = bpf!.loadProgram(filterProgram(maps, [6969, 1337], shield));
  descriptors.push(...Object.values(maps), program);
  const counted = (key: number) => {
    const bytes = bpf!.lookUp(maps.counts, new Uint8Array(Uint32Array.of(key).buffer), 8 * 64)!;
    return Number(new BigUint64Array(bytes.buffer).reduce((sum, number) => sum + number, 0n));
  };
  const run = (bytes: Uint8Array) => {
    const before = counted(FilterCount.taken);
    const { action } = bpf!.tryProgram(program, bytes);
    // No ring is in the map, so what is taken passes in the end; that it was taken is counted.
    return action === XdpAction.pass && counted(FilterCount.taken) > before ? 'taken' : action;
  };
  return { run, counted, program };
}

describe('without a shield', { skip }, () => {
  const ours: [string, PacketShape][] = [
    ['a connect', { payload: connectPayload() }],
    ['anything of ours, even nothing', { payload: new Uint8Array(0) }],
    ['the other port', { targetPort: 1337 }],
    ['IPv6', { family: 6 }],
    ['a VLAN tag', { vlan: 42 }],
    ['a VLAN tag over IPv6', { vlan: 42, family: 6 }],
    ['the longest', { payload: new Uint8Array(1400) }],
    ['without "do not fragment"', { fragment: 0 }],
    ['port 0 of the sender', { sourcePort: 0 }],
  ];
  for (const [name, shape] of ours) {
    test(`taken: ${name}`, () => assert.equal(load().run(packet(shape)), 'taken'));
  }
  const theirs: [string, PacketShape][] = [
    ['another port', { targetPort: 6970 }],
    ['another address', { target: [192, 0, 2, 2] }],
    ['another address over IPv6', { family: 6, target: [...ourIpv6.slice(0, 15), 2] }],
    ['a broadcast', { target: [255, 255, 255, 255] }],
    ['TCP', { protocol: 6 }],
    ['TCP over IPv6', { family: 6, protocol: 6 }],
    ['an extension header over IPv6', { family: 6, protocol: 60 }],
    ['ARP', { etherType: 0x0806 }],
    ['a first fragment', { fragment: 0x2000 }],
    ['a later fragment', { fragment: 0x00b9 }],
    ['IP options', { headerWords: 6 }],
  ];
  for (const [name, shape] of theirs) {
    test(`to the kernel: ${name}`, () => assert.equal(load().run(packet(shape)), XdpAction.pass));
  }

  test('to the kernel: two VLAN tags, and every packet cut off anywhere', () => {
    const { run } = load();
    const double = packet({ vlan: 1 });
    double.set([0x81, 0x00], 16);
    assert.equal(run(double), XdpAction.pass);
    const whole = packet({ payload: connectPayload() });
    for (let length = 14; length < 42; length++) assert.equal(run(whole.subarray(0, length)), XdpAction.pass);
    assert.equal(run(whole.subarray(0, 42)), 'taken');
  });
});

describe('with a shield', { skip }, () => {
  const generous = { allowance: { rate: 1_000_000, burst: 1000 } };
  const cases: [string, PacketShape, keyof typeof FilterCount][] = [
    ['a connect', { payload: connectPayload() }, 'taken'],
    ['an announce', { payload: requestPayload(0x81234567, 1) }, 'taken'],
    ['a scrape over IPv6', { family: 6, payload: requestPayload(4, 2, 36) }, 'taken'],
    ['an unknown action', { payload: requestPayload(0x81234567, 9) }, 'taken'],
    ['from port 0', { sourcePort: 0, payload: connectPayload() }, 'fromPort0'],
    ['fifteen bytes', { payload: connectPayload().subarray(0, 15) }, 'tooShort'],
    ['sixteen bytes that call themselves fifteen', { payload: connectPayload(), udpLength: 23 }, 'tooShort'],
    ["what begins as a tracker's answer", { payload: requestPayload(3, 1) }, 'implausible'],
    ['zeros', { payload: new Uint8Array(98) }, 'implausible'],
    ['a connect of another protocol', { payload: requestPayload(0x81234567, 0, 16) }, 'implausible'],
    ["a connect's id with an announce", { payload: announceWithConnectId() }, 'implausible'],
  ];
  for (const [name, shape, expected] of cases) {
    test(`${expected}: ${name}`, () => {
      const { run, counted } = load(generous);
      assert.equal(run(packet(shape)), expected === 'taken' ? 'taken' : XdpAction.drop);
      for (const [reason, key] of Object.entries(FilterCount)) {
        assert.equal(counted(key), reason === expected ? 1 : 0, reason);
      }
    });
  }

  test('a source that sends more than it may is dropped, and nobody else', () => {
    const { run, counted } = load({ allowance: { rate: 1, burst: 2 } });
    const one = packet({ payload: connectPayload() });
    const sameNetwork = (last: number) =>
      packet({
        family: 6,
        payload: connectPayload(),
        source: [0x20, 1, 0xd, 0xb8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, last],
      });
    assert.deepEqual([run(one), run(one), run(one)], ['taken', 'taken', XdpAction.drop]);
    assert.equal(run(packet({ payload: connectPayload(), source: [198, 51, 100, 8] })), 'taken');
    assert.deepEqual(
      [run(sameNetwork(1)), run(sameNetwork(2)), run(sameNetwork(3))],
      ['taken', 'taken', XdpAction.drop],
      'the /64 counts as one',
    );
    assert.equal(counted(FilterCount.tooMany), 2);
  });
});

test('private, carrier, link-local and loopback sources have no allowance', { skip }, () => {
  const { run } = load({ allowance: { rate: 1, burst: 1 } });
  const sources = [
    [10, 1, 2, 3],
    [127, 0, 0, 1],
    [192, 168, 7, 7],
    [169, 254, 1, 1],
    [172, 31, 0, 1],
    [100, 127, 0, 1],
  ];
  for (const source of sources) {
    for (let i = 0; i < 5; i++)
      assert.equal(run(packet({ source, payload: connectPayload() })), 'taken', source.join('.'));
  }
  for (const source of [
    [0xfd, 1],
    [0xfe, 0x80],
  ]) {
    const address = [...source, ...new Array<number>(14).fill(3)];
    for (let i = 0; i < 5; i++)
      assert.equal(run(packet({ family: 6, source: address, payload: connectPayload() })), 'taken');
  }
  for (const source of [
    [172, 32, 0, 1],
    [100, 128, 0, 1],
    [192, 169, 0, 1],
  ]) {
    assert.equal(run(packet({ source, payload: connectPayload() })), 'taken');
    assert.equal(run(packet({ source, payload: connectPayload() })), XdpAction.drop, source.join('.'));
  }
});

function announceWithConnectId(): Uint8Array {
  const bytes = new Uint8Array(98);
  bytes.set(connectPayload());
  bytes[11] = 1;
  return bytes;
}
