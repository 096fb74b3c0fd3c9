// What every engine has to keep, whatever carries the messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivered, Engine, Subscriber } from '../../src/cluster/engine.ts';

export interface EngineUnderTest {
  connect(): Promise<Engine>;
  /** Has it come back with nothing of what it held. */
  lose(): Promise<void>;
  close(): Promise<void>;
}

const plenty = 1 << 20;

class Listener implements Subscriber {
  readonly heard: Delivered[] = [];
  cuts = 0;

  async deliver(messages: readonly Delivered[]): Promise<void> {
    this.heard.push(...messages);
  }

  cut(): void {
    this.cuts++;
  }

  get texts(): string[] {
    return this.heard.map(({ bytes }) => Buffer.from(bytes).toString());
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 1000, 'it never came');
    await sleep(10);
  }
}

export function testEngine(name: string, start: () => Promise<EngineUnderTest>): void {
  const on = (what: string, body: (engine: Engine, other: Engine, under: EngineUnderTest) => Promise<void>) =>
    test(`an engine ${name} ${what}`, { timeout: 60_000 }, async () => {
      const under = await start();
      const engines = [await under.connect(), await under.connect()];
      try {
        await body(engines[0], engines[1], under);
      } finally {
        for (const engine of engines) await engine.close();
        await under.close();
      }
    });

  on('delivers what was published behind a position, in its order, to everybody', async (engine, other) => {
    await engine.publish(Buffer.from('before'), plenty);
    const from = await engine.end();
    const [a, b] = [new Listener(), new Listener()];
    const subscriptions = [engine.subscribe(from, a), other.subscribe(from, b)];
    for (let i = 0; i < 150; i++) await (i % 2 ? engine : other).publish(Buffer.from(`${i}`), plenty);
    await until(() => a.heard.length === 150 && b.heard.length === 150);
    assert.deepEqual(
      a.texts,
      Array.from({ length: 150 }, (_, i) => `${i}`),
    );
    assert.deepEqual(b.texts, a.texts);
    assert.ok(a.heard.every(({ ageMs }) => ageMs >= 0 && ageMs < 30_000));
    const late = new Listener();
    subscriptions.push(other.subscribe(a.heard[99].position, late));
    await until(() => late.heard.length === 50);
    assert.equal(late.texts[0], '100');
    assert.equal(a.cuts + b.cuts + late.cuts, 0);
    for (const subscription of subscriptions) await subscription.close();
  });

  on('drops the oldest, and says so to a reader that stood among them', async (engine, other) => {
    const { position: from, takenAt } = await engine.publish(Buffer.from('first'), plenty);
    assert.ok(Math.abs(takenAt - (await engine.timeMs())) < 30_000);
    for (let i = 0; i < 400; i++) await engine.publish(Buffer.alloc(10_000, 32), 100_000);
    const listener = new Listener();
    const subscription = other.subscribe(from, listener);
    await engine.publish(Buffer.from('last'), 100_000);
    await until(() => listener.texts.at(-1) === 'last');
    assert.equal(listener.cuts, 1);
    assert.ok(listener.heard.length < 300, `${listener.heard.length} are kept`);
    await subscription.close();
  });

  on('delivers binary as it is, and what is parked under a name', async (engine, other) => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) & 0xff);
    const listener = new Listener();
    const subscription = other.subscribe(await other.end(), listener);
    await engine.publish(bytes, plenty);
    await engine.park('a', bytes, 100);
    await until(() => listener.heard.length === 1);
    assert.deepEqual(new Uint8Array(listener.heard[0].bytes), bytes);
    assert.deepEqual(new Uint8Array((await other.fetch('a'))!), bytes);
    assert.equal(await other.fetch('b'), undefined);
    await subscription.close();
  });

  on('tells what each node said last, until it is forgotten', async (engine, other) => {
    await engine.beat('a', Buffer.from('1'));
    await other.beat('b', Buffer.from('2'));
    await engine.beat('a', Buffer.from('3'));
    const said = async () =>
      (await other.beats()).map(({ node, bytes }) => `${node} ${Buffer.from(bytes)}`).sort();
    assert.deepEqual(await said(), ['a 3', 'b 2']);
    assert.ok((await other.beats()).every(({ ageMs }) => ageMs >= 0 && ageMs < 30_000));
    await engine.forget('a');
    assert.deepEqual(await said(), ['b 2']);
  });

  on('lets one of two replace a value that both have read', async (engine, other) => {
    assert.equal(await engine.value('key'), undefined);
    const answers = await Promise.all([
      engine.replace('key', undefined, Buffer.from('a')),
      other.replace('key', undefined, Buffer.from('b')),
    ]);
    assert.deepEqual(answers.sort(), [false, true]);
    const value = (await engine.value('key'))!;
    assert.ok(await other.replace('key', value, Buffer.from('c')));
    assert.equal(await engine.replace('key', value, Buffer.from('d')), false);
    assert.equal(Buffer.from((await engine.value('key'))!).toString(), 'c');
  });

  on('that comes back with nothing is told from one that has everything', async (engine, other, under) => {
    for (let i = 0; i < 5; i++) await engine.publish(Buffer.from(`${i}`), plenty);
    const listener = new Listener();
    const subscription = other.subscribe(await engine.end(), listener);
    await sleep(50);
    await under.lose();
    let tries = 0;
    while (listener.heard.length === 0) {
      assert.ok(tries++ < 500, 'nothing is delivered any more');
      await engine.publish(Buffer.from('new'), plenty).catch(() => {});
      await sleep(20);
    }
    assert.equal(listener.cuts, 1);
    assert.equal(listener.texts[0], 'new');
    await subscription.close();
  });
}
