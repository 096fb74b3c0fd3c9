// A short run of the simulation, with the engine in plenty and with too little of it: what it says follows from what happens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterSimulation } from '../../bench/simulation/cluster-simulation.ts';
import type { Outcome } from '../../bench/simulation/observations.ts';
import type { Plan } from '../../bench/simulation/plan.ts';

const plan: Plan = {
  ...{
    nodes: 4,
    peers: 40_000,
    announces: 800,
    sample: 4,
    seconds: 100,
    peerTtl: 100,
    changes: 0.05,
    silent: 0.3,
  },
  ...{
    engineRate: 100e6,
    keptBytes: 64 << 20,
    mostWaiting: 32 << 20,
    partition: 20,
    sumSeconds: 0.5,
    seed: 1,
  },
};

function run(changes: Partial<Plan> = {}): Outcome {
  const running = new ClusterSimulation({ ...plan, ...changes }).run();
  for (;;) {
    const step = running.next();
    if (step.done) return step.value;
  }
}

test('with an engine in plenty nothing is missed but what a dead node had not told, and what a partition withholds', () => {
  const { moments, told, lagMs, cuts, out, in: received } = run();
  const at = (event: RegExp) => moments.findIndex((moment) => event.test(moment.event));
  const [full, cutOff, back] = [at(/full/), at(/is cut off/), at(/is back/)];
  assert.ok(full > 0 && at(/dies/) > full && cutOff > at(/dies/) && back > cutOff);
  for (const { missed, ghosts } of moments.slice(full, at(/dies/)))
    assert.deepEqual([missed, ghosts], [0, 0]);
  const during = Math.max(...moments.slice(cutOff + 1, back).map(({ missed }) => missed));
  assert.ok(during > 0, 'others do not know what the one that is cut off is told');
  const { missed, ghosts } = moments.at(-1)!;
  assert.ok(missed <= 4 && ghosts <= 40, `${missed} missed, ${ghosts} ghosts at the end`);
  assert.ok(told > 0.05 && told <= 1.1, `${told}`);
  assert.ok(lagMs.p50 < 300 && lagMs.most > 10_000, JSON.stringify(lagMs));
  assert.equal(cuts, 0);
  assert.ok(received > 3 * out);
});

test('an engine that keeps less than is told while a node is away has it compare, and it has everything again', () => {
  const { moments, cuts, comparisons, mostCompared } = run({ keptBytes: 100_000 });
  assert.ok(cuts > 0 && comparisons > 0 && mostCompared > 0);
  assert.ok(moments.at(-1)!.missed <= 40, `${moments.at(-1)!.missed}`);
});

test('an engine that is too slow shows in the lag', () => {
  const { engineBusy, lagMs } = run({ engineRate: 60_000 });
  assert.ok(engineBusy > 0.95, `${engineBusy}`);
  assert.ok(lagMs.p50 > 1000, JSON.stringify(lagMs));
});
