import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListeningDescription } from '../../src/transport/description.ts';
import type { OpenerModule } from '../../src/transport/opener.ts';
import {
  listeningTransports,
  refusalReasons,
  transportNames,
  transports,
} from '../../src/transport/transports.ts';

const listening: readonly ListeningDescription[] = listeningTransports;

for (const { title, opener } of listening) {
  if (opener === undefined) continue;
  test(`the module that ${title} names makes its opener`, async () => {
    const { createOpener } = (await import(opener.href)) as OpenerModule;
    assert.equal(typeof createOpener, 'function');
  });
}

test('no two transports share a name, a title or the words of their lines in the log', () => {
  const unique = (words: readonly string[]) => assert.deepEqual([...new Set(words)], words);
  unique(transportNames);
  unique(transports.map(({ title }) => title));
  unique(listening.map((description) => description.listening('0.0.0.0:1', undefined)));
  unique(refusalReasons);
});

test('the line in the log names the transport and where it listens', () => {
  for (const description of listening) {
    const line = description.listening('[::1]:6969', undefined);
    assert.ok(line.startsWith(`${description.title} `) && line.includes('[::1]:6969'), line);
  }
});
