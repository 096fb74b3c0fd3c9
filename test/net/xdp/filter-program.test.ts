// The filter program is run by the kernel on packets of every kind: what goes to the ring, what to the kernel, what nowhere.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FilterCount, filterProgram } from '../../../src/net/xdp/filter-program.ts';
import { XdpAction } from '../../../src/net/xdp/packet-layout.ts';
import { bpf, loadFilter, skip } from './loaded-filter.ts';
import { connectPayload, ourIpv4, ourIpv6, type PacketShape, packet, requestPayload } from './packets.ts';

function load(withShield = false) {
  const { program, counted } = loadFilter((maps) =>
    filterProgram(maps, [6969, 1337], withShield ? { ids: undefined } : undefined),
  );
  const run = (bytes: Uint8Array) => {
    const before = counted(FilterCount.taken);
    const { action } = bpf.tryProgram(program, bytes);
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
      const { run, counted } = load(true);
      assert.equal(run(packet(shape)), expected === 'taken' ? 'taken' : XdpAction.drop);
      for (const [reason, key] of Object.entries(FilterCount)) {
        // No ring is there.
        const counts = reason === expected || (reason === 'withoutRing' && expected === 'taken');
        assert.equal(counted(key), counts ? 1 : 0, reason);
      }
    });
  }

  test('however much comes in the name of an address, its owner is heard', () => {
    const { run } = load(true);
    const forged = packet({ payload: requestPayload(0x81234567, 1) });
    for (let i = 0; i < 20_000; i++) assert.equal(run(forged), 'taken');
    assert.equal(run(packet({ payload: connectPayload() })), 'taken');
  });
});

describe('senders that cannot be', { skip }, () => {
  const address6 = (...first: number[]) => [...first, ...new Array<number>(16 - first.length).fill(0)];
  const sources: [string, PacketShape][] = [
    ['this network', { source: [0, 1, 2, 3] }],
    ['loopback', { source: [127, 9, 9, 9] }],
    ['multicast', { source: [224, 0, 0, 1] }],
    ['reserved', { source: [240, 0, 0, 1] }],
    ['everybody', { source: [255, 255, 255, 255] }],
    ['ourselves', { source: ourIpv4 }],
    ['nobody over IPv6', { family: 6, source: address6() }],
    ['loopback over IPv6', { family: 6, source: [...address6().slice(1), 1] }],
    ['multicast over IPv6', { family: 6, source: address6(0xff, 0x0e) }],
    ['IPv4 over IPv6', { family: 6, source: [...address6().slice(0, 10), 255, 255, 8, 8, 8, 8] }],
    ['ourselves over IPv6', { family: 6, source: ourIpv6 }],
  ];
  for (const [name, shape] of sources) {
    for (const shield of [false, true]) {
      test(`to the kernel: ${name}, ${shield ? 'with' : 'without'} a shield`, () =>
        assert.equal(load(shield).run(packet({ payload: connectPayload(), ...shape })), XdpAction.pass));
    }
  }
  for (const source of [
    [1, 0, 0, 1],
    [126, 1, 1, 1],
    [128, 1, 1, 1],
    [223, 255, 255, 255],
    [10, 0, 0, 1],
  ])
    test(`taken: ${source.join('.')}`, () =>
      assert.equal(load(true).run(packet({ source, payload: connectPayload() })), 'taken'));
});

function announceWithConnectId(): Uint8Array {
  const bytes = new Uint8Array(98);
  bytes.set(connectPayload());
  bytes[11] = 1;
  return bytes;
}
