// What is said of an engine that goes, of one that is back, and of one that comes and goes for hours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineOutage } from '../../src/cluster/engine-outage.ts';

function scene() {
  const lines: string[] = [];
  const clock = { now: 0 };
  const say = (line: string) => void lines.push(line);
  const outage = new EngineOutage({ info: say, warn: say }, () => clock.now);
  /** Asks it several times a second, as a node does. */
  const be = (failure: string | undefined, ms: number) => {
    let backs = 0;
    for (const end = clock.now + ms; clock.now < end; clock.now += 75) backs += Number(outage.note(failure));
    return backs;
  };
  return { lines, outage, be };
}

test('an outage is said once, and once that it is over', () => {
  const { lines, be } = scene();
  be(undefined, 10_000);
  be('lost', 10_000);
  assert.equal(be(undefined, 10_000), 1);
  assert.equal(lines.length, 2);
  assert.match(lines[0], /takes nothing \(lost\)/);
  assert.match(lines[1], /is back\.$/);
});

test('of an engine that comes and goes every two seconds little is said, and once that it stays', () => {
  const { lines, be, outage } = scene();
  let backs = 0;
  for (let flap = 0; flap < 600; flap++) {
    be('lost', 2000);
    backs += be(undefined, 2000);
  }
  assert.equal(backs, 600, 'a node has to know each time');
  assert.equal(lines.filter((line) => /comes and goes/.test(line)).length, 1);
  assert.equal(lines.length, 11, lines.join('\n'));
  be(undefined, 110_000);
  assert.equal(lines.length, 11, 'not before it has stayed for a while');
  be(undefined, 20_000);
  assert.equal(lines.length, 12);
  assert.match(lines[11], /is back, and stays; it was away 595 times more/);
  assert.ok(outage.isReached);
  be('lost', 1000);
  assert.match(lines[12], /takes nothing/, 'and what comes then is said as before');
});

test('outages that are far from each other are said each', () => {
  const { lines, be } = scene();
  for (let day = 0; day < 20; day++) {
    be('lost', 1000);
    be(undefined, 200_000);
  }
  assert.equal(lines.length, 40);
});
