// The card of the cluster in a real browser: not there for a tracker that is alone, and for a node as it is with its engine
// and without it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { RedisServer, withoutRedis } from '../cluster/redis-server.ts';
import { type AdminTracker, startAdminTracker } from '../server/operators/admin-tracker.ts';
import { skipWithout } from '../system-tools.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

describe("the cluster's card", { skip: skipWithout('chromium') || withoutRedis, timeout: 300_000 }, () => {
  let engine: RedisServer;
  const nodes: AdminTracker[] = [];
  let alone: AdminTracker | undefined;
  let browser: Browser;

  before(async () => {
    engine = await RedisServer.start();
    const secret = join(temporaryDirectory('card'), 'secret');
    writeFileSync(secret, 'as long as a secret has to be\n', { mode: 0o600 });
    const words = ['--workers', '1', '--cluster', engine.url, '--cluster-secret-file', secret];
    for (const name of ['one', 'two'])
      nodes.push(await startAdminTracker([...words, '--cluster-node', name]));
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  });
  after(async () => {
    await browser?.close();
    for (const tracker of [...nodes, alone]) await tracker?.program.kill();
    await engine?.close();
  });

  async function open(width: number, colorScheme: 'light' | 'dark', url = nodes[0].url): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${url}/`);
    return page;
  }

  /** Waits until the card says so, and gives what it says. */
  async function says(page: Page, pattern: RegExp): Promise<string> {
    const card = page.locator('#cluster-card');
    await card.waitFor();
    for (let tries = 0; ; tries++) {
      const text = await card.innerText();
      if (pattern.test(text)) return text;
      assert.ok(tries < 300, text);
      await page.waitForTimeout(200);
    }
  }

  for (const width of [360, 1600])
    for (const colorScheme of ['light', 'dark'] as const)
      test(`names both nodes and fits at ${width} px in ${colorScheme} colours`, async () => {
        const page = await open(width, colorScheme);
        await says(page, /engine reached.*one \(this one\)\s+ready.*two\s+ready/s);
        assert.equal(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), 0);
        await page.evaluate(axeSource);
        const { violations } = (await page.evaluate('axe.run("#cluster-card")')) as AxeResult;
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        assert.deepEqual(
          serious.map(({ id, nodes: [{ html }] }) => [id, html]),
          [],
        );
        await page.context().close();
      });

  test('is not there for a tracker that is alone', async () => {
    alone = await startAdminTracker(['--workers', '0']);
    const page = await open(1600, 'light', alone.url);
    await page.waitForSelector('.pill.good');
    const asked = await page
      .waitForResponse((response) => response.url().endsWith('/api/v1/cluster'))
      .catch(() => {});
    assert.ok(asked === undefined || asked.status() === 200);
    assert.equal(await page.locator('#cluster-card').isVisible(), false);
    await page.context().close();
    await alone.program.kill();
  });

  test('says which node is gone, and that the engine is', async () => {
    const page = await open(1600, 'light');
    await says(page, /two\s+ready/);
    await nodes[1].program.kill();
    await says(page, /two\s+gone for \d+ s/);
    await engine.kill();
    await says(page, /engine away: .*ECONNREFUSED/);
    await page.context().close();
  });
});
