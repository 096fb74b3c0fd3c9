// A list of networks against the plain meaning of networks, whatever order they come in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressList, AddressListBuilder } from '../../src/tracker/address-list.ts';

/** Close together, so that they contain each other often. */
const network = fc
  .record({
    bytes: fc.uint8Array({ minLength: 4, maxLength: 4, max: 3 }),
    bits: fc.integer({ min: 0, max: 32 }),
    isIpv6: fc.boolean(),
  })
  .map(({ bytes, bits, isIpv6 }) => {
    const whole = new Uint8Array(isIpv6 ? 16 : 4);
    whole.set(bytes, whole.length - 4);
    // The first 96 bits of all IPv6 ones are the same, so they are compared beyond their first word.
    const fixed = isIpv6 ? bits + 96 : bits;
    for (let bit = fixed; bit < whole.length * 8; bit++) whole[bit >> 3] &= ~(0x80 >> (bit & 7));
    return { network: whole, bits: fixed };
  });

test('an address is in the list when, and only when, one of the networks holds it', () => {
  fc.assert(
    fc.property(
      fc.array(network, { maxLength: 40 }),
      fc.array(network, { maxLength: 20 }),
      (networks, asked) => {
        const list = AddressList.create(networks);
        for (const { network: address } of [...networks, ...asked]) {
          const expected = networks.some((one) => holds(one, address));
          const words = new Int32Array(address.slice().buffer);
          assert.equal(list.has(address.length === 4 ? 4 : 6, words, 0), expected);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a list of many networks is built in steps, and equals one built at once', () => {
  const count = 100_000;
  const networks = Array.from({ length: count }, (_, i) => {
    const address = Math.imul(i, 0x9e3779b1);
    return { network: Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address), bits: 32 };
  });
  const builder = new AddressListBuilder();
  for (const one of networks) builder.add(one);
  let steps = 0;
  let list: AddressList | undefined;
  for (const building = builder.build(); list === undefined; steps++)
    list = building.next().value ?? undefined;
  assert.equal(list.count, count);
  assert.deepEqual(
    new Uint8Array(list.buffer),
    new Uint8Array(AddressList.create(networks.reverse()).buffer),
  );
  // 17 times over all of them, 8,192 in a step.
  assert.ok(steps > 100, `${steps} steps`);
});

function holds({ network: base, bits }: { network: Uint8Array; bits: number }, address: Uint8Array): boolean {
  if (base.length !== address.length) return false;
  for (let bit = 0; bit < bits; bit++) {
    if ((base[bit >> 3] ^ address[bit >> 3]) & (0x80 >> (bit & 7))) return false;
  }
  return true;
}
