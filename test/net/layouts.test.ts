import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKoffi } from '../../src/net/koffi.ts';
import {
  cmsghdr,
  controlSpace,
  in6Pktinfo,
  inPktinfo,
  iovec,
  mmsghdr,
  msghdr,
  sockaddrIn,
  sockaddrIn6,
} from '../../src/net/layouts.ts';
import { fastPath } from './fast-path.ts';

interface Koffi {
  struct(name: string, members: Record<string, unknown>): unknown;
  array(type: string, length: number): unknown;
  sizeof(type: unknown): number;
  offsetof(type: unknown, member: string): number;
}

test('the struct layouts are those that the C compiler’s rules give', fastPath, () => {
  const koffi = loadKoffi() as Koffi;
  const pointer = 'uintptr_t';
  const header = koffi.struct('caracal_msghdr', {
    name: pointer,
    namelen: 'uint32_t',
    iov: pointer,
    iovlen: 'size_t',
    control: pointer,
    controllen: 'size_t',
    flags: 'int',
  });
  const structs: [Record<string, number>, unknown][] = [
    [iovec, koffi.struct('caracal_iovec', { base: pointer, length: 'size_t' })],
    [msghdr, header],
    [mmsghdr, koffi.struct('caracal_mmsghdr', { header, transferred: 'uint32_t' })],
    [
      sockaddrIn,
      koffi.struct('caracal_sockaddr_in', {
        family: 'uint16_t',
        port: 'uint16_t',
        address: 'uint32_t',
        zero: koffi.array('uint8_t', 8),
      }),
    ],
    [
      sockaddrIn6,
      koffi.struct('caracal_sockaddr_in6', {
        family: 'uint16_t',
        port: 'uint16_t',
        flowinfo: 'uint32_t',
        address: koffi.array('uint8_t', 16),
        scopeId: 'uint32_t',
      }),
    ],
    [
      inPktinfo,
      koffi.struct('caracal_in_pktinfo', { ifindex: 'int', specDst: 'uint32_t', addr: 'uint32_t' }),
    ],
    [
      in6Pktinfo,
      koffi.struct('caracal_in6_pktinfo', { addr: koffi.array('uint8_t', 16), ifindex: 'uint32_t' }),
    ],
  ];
  for (const [layout, struct] of structs) {
    for (const [field, offset] of Object.entries(layout)) {
      const expected = field === 'size' ? koffi.sizeof(struct) : koffi.offsetof(struct, field);
      assert.equal(offset, expected, field);
    }
  }
  assert.equal(cmsghdr.size, cmsghdr.data);
});

test('a control message is padded to 8 bytes', () => {
  assert.equal(controlSpace(inPktinfo.size), 32);
  assert.equal(controlSpace(in6Pktinfo.size), 40);
});
