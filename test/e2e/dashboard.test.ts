// The dashboard in a real browser while a load generator runs: its figures, its looks' bounds, keyboard and axe-core.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { pause, startProgram } from '../program.ts';
import { type AdminTracker, announce, startAdminTracker } from '../server/operators/admin-tracker.ts';
import { skipWithout } from '../system-tools.ts';

const token = 'a-token-that-nobody-guesses';
const loadProgram = fileURLToPath(new URL('../../bench/udp-load.js', import.meta.url));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
}

describe('the dashboard', { skip: skipWithout('chromium') }, () => {
  let tracker: AdminTracker;
  let browser: Browser;
  let directory: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'caracal-dashboard-'));
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    tracker = await startAdminTracker(['--workers', '1', '--admin-token-file', tokenFile]);
    for (let peer = 0; peer < 12; peer++) await announce(tracker.httpPort, 3, peer);
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  after(async () => {
    await browser?.close();
    await tracker?.program.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Opens the page and fails the test's `complaints` list with whatever the browser complains of. */
  async function openPage(width: number, colorScheme: 'light' | 'dark'): Promise<Opened> {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      bypassCSP: false,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    const requested: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requested.push(request.url()));
    await page.goto(`${tracker.url}/`);
    await page.waitForSelector('.pill.good');
    await page.waitForSelector('#chart-peers canvas');
    await until(page, 'document.querySelectorAll("#top tbody tr").length > 0');
    return { page, complaints, requested, close: () => context.close() };
  }

  for (const width of [360, 1600]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`at ${width} px in ${colorScheme} colours fits, and axe-core finds nothing serious`, async () => {
        const { page, complaints, requested, close } = await openPage(width, colorScheme);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
        assert.equal(overflow, 0, 'nothing sticks out to the right');
        assert.ok(
          requested.every((url) => url.startsWith(tracker.url)),
          'nothing comes from elsewhere',
        );
        await page.evaluate(axeSource);
        const { violations } = (await page.evaluate('axe.run()')) as AxeResult;
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        assert.deepEqual(
          serious.map(({ id, nodes }) => [id, nodes[0]!.html, nodes[0]!.failureSummary]),
          [],
        );
        assert.deepEqual(complaints, []);
        await close();
      });
    }
  }

  test('paints its figures with less than 100 KB', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    let bytes = 0;
    page.on('response', async (response) => {
      const sizes = await response
        .request()
        .sizes()
        .catch(() => undefined);
      bytes += (sizes?.responseBodySize ?? 0) + (sizes?.responseHeadersSize ?? 0);
    });
    await page.goto(`${tracker.url}/`);
    await page.waitForSelector('#chart-peers canvas');
    assert.ok(bytes > 10_000 && bytes < 100_000, `${bytes} bytes, the charts included`);
    await context.close();
  });

  test('agrees with what the load generator counted, within 1 %', async () => {
    const { page, close } = await openPage(1600, 'light');
    const shown = async () =>
      numberOf(await textOf(page, '#transports tbody tr:has(th:text-is("UDP")) td:nth-child(4)'));
    const before = await shown();
    const peers = 2000;
    const load = startProgram(process.execPath, [
      loadProgram,
      ...['--port', String(tracker.udpPort), '--seconds', '3', '--warm-up', '0', '--fill-seconds', '1'],
      ...['--torrents', '200', '--peers', String(peers), '--sockets', '1', '--window', '2'],
    ]);
    await until(page, 'Number(document.querySelector("#announces").textContent.replaceAll(",", "")) > 100');
    assert.equal((await load.exit(20_000)).code, 0, load.describe('failed'));
    const { counts, filled } = JSON.parse(load.stdout) as { counts: { announces: number }; filled: number };
    // It does not count its first pass over all peers, which fills the swarms.
    const counted = counts.announces + filled * peers;
    // The page shows the last full second.
    await pause(2500);
    const grown = (await shown()) - before;
    assert.ok(Math.abs(grown / counted - 1) < 0.01, `${grown} on the page, ${counted} counted`);
    await close();
  });

  test('finds a swarm by its info_hash, with the keyboard alone', async () => {
    const { page, close } = await openPage(1600, 'light');
    await page.focus('#info-hash');
    await page.keyboard.type('03'.repeat(20));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#search-result dl');
    assert.match(await textOf(page, '#search-result'), /Seeders\s*12/);
    assert.match(await textOf(page, '#search-result'), /The token shows the peers/);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement?.textContent'), 'Find');
    await page.fill('#info-hash', 'xyz');
    await page.keyboard.press('Enter');
    await until(page, '/40 hexadecimal/.test(document.querySelector("#search-result").textContent)');
    await close();
  });

  test('with the token shows peers, and drops a swarm that the operator says to drop', async () => {
    await announce(tracker.httpPort, 4, 1);
    const { page, close } = await openPage(1600, 'light');
    await page.click('#token-button');
    await page.fill('#token', token);
    await page.keyboard.press('Enter');
    await until(page, 'document.querySelector("#token-button").textContent === "Token in use"');
    await page.fill('#info-hash', '04'.repeat(20));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#search-result table');
    assert.match(
      await textOf(page, '#search-result table'),
      /127\.0\.0\.0\/24\s*1025\s*seeder\s*Transmission/,
    );
    page.on('dialog', (dialog) => void dialog.accept());
    await page.click('text=Drop this swarm');
    await until(page, '/is forgotten/.test(document.querySelector("#search-result").textContent)');
    await close();
  });

  test('with a wrong token says so and asks for another', async () => {
    const { page, close } = await openPage(360, 'dark');
    await page.click('#token-button');
    await page.fill('#token', 'not-the-token-at-all');
    await page.keyboard.press('Enter');
    await until(page, 'document.querySelector("#health-text").textContent === "Locked"');
    assert.equal(await textOf(page, '#token-note'), 'the token is wrong');
    await page.click('#token-forget');
    await page.waitForSelector('.pill.good');
    await close();
  });

  test('switches to the day and the week', async () => {
    const { page, close } = await openPage(1600, 'dark');
    for (const range of ['day', 'week']) {
      const answered = page.waitForResponse((response) => response.url().includes(`range=${range}`));
      await page.click(`[data-range=${range}]`);
      assert.equal((await answered).status(), 200);
      assert.equal(await page.getAttribute(`[data-range=${range}]`, 'aria-pressed'), 'true');
    }
    await close();
  });
});

interface Opened {
  page: Page;
  complaints: string[];
  requested: string[];
  close(): Promise<void>;
}

/** Waits until an expression is true in the page; by asking, because the page's policy allows nobody to evaluate text. */
async function until(page: Page, expression: string): Promise<void> {
  for (let tries = 0; !(await page.evaluate(expression)); tries++) {
    assert.ok(tries < 200, `never came true: ${expression}`);
    await pause(50);
  }
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.textContent(selector)) ?? '';
}

function numberOf(text: string): number {
  return Number(text.replaceAll(',', ''));
}
