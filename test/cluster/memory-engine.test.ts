import { MemoryEngine, MemoryRow } from '../../src/cluster/memory-engine.ts';
import { testEngine } from './engine-contract.ts';

let now = 1000;

testEngine('in memory', async () => {
  const row = new MemoryRow(() => now++);
  return { connect: async () => new MemoryEngine(row), lose: async () => row.clear(), close: async () => {} };
});
