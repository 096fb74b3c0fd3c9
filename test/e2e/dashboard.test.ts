// The dashboard in a real browser while a load generator runs: its figures, its looks' bounds, keyboard and axe-core.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname, tmpdir } from 'node:os';
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
    const denyFile = join(directory, 'deny');
    writeFileSync(denyFile, '');
    const denyIpFile = join(directory, 'deny-ip');
    writeFileSync(denyIpFile, '');
    tracker = await startAdminTracker([
      ...[
        '--workers',
        '1',
        '--admin-token-file',
        tokenFile,
        '--deny-list',
        denyFile,
        '--deny-ip',
        denyIpFile,
      ],
      ...['--domain', 'tracker.example.net'],
    ]);
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
        if (width === 1600) {
          const cut =
            '[...document.querySelectorAll(".scroll")].filter((table) => table.scrollWidth > table.clientWidth)';
          // As wide as its figures get.
          await page.evaluate(
            `for (const cell of document.querySelectorAll("#traffic-table tbody .number")) cell.textContent = "88.8 MiB"`,
          );
          const names = await page.evaluate(`${cut}.map((table) => table.querySelector("table").id)`);
          assert.deepEqual(names, [], 'no table is cut off on a wide screen');
        }
        assert.ok(
          requested.every((url) => url.startsWith(tracker.url)),
          'nothing comes from elsewhere',
        );
        await page.evaluate(axeSource);
        const { violations } = (await page.evaluate('axe.run()')) as AxeResult;
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        assert.deepEqual(
          serious.map(({ id, nodes }) => [id, nodes[0].html, nodes[0].failureSummary]),
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
    assert.match(await textOf(page, '#traffic-table'), /UDP[\d.,]+ [KM]?i?B/);
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
    for (const text of [
      ` ${'03'.repeat(20)}  `,
      `magnet:?xt=urn:btih:${'03'.repeat(20)}&dn=A%20name`,
      'AMBQGAYDAMBQGAYDAMBQGAYDAMBQGAYD',
    ]) {
      await page.fill('#info-hash', text);
      await page.keyboard.press('Enter');
      await until(page, `document.querySelector("#info-hash").value === "${'03'.repeat(20)}"`);
    }
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement?.textContent'), 'Find');
    await page.fill('#info-hash', 'xyz');
    await page.keyboard.press('Enter');
    await until(page, '/no info_hash in this/.test(document.querySelector("#search-result").textContent)');
    await close();
  });

  test('with the token shows peers, and drops a swarm that the operator says to drop', async () => {
    await announce(tracker.httpPort, 4, 1);
    const { page, close } = await openPage(1600, 'light');
    await useToken(page);
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
    for (const [button, done] of [
      ['Deny this info_hash', 'is refused from now on'],
      ['Deny it no longer', 'may be announced'],
      ['Deny it no longer', 'may be announced'],
    ]) {
      await page.click(`text=${button}`);
      await until(
        page,
        `document.querySelector("#search-result .good-text")?.textContent.includes("${done}")`,
      );
    }
    await close();
  });

  test('of a swarm of thousands says how many it shows, seeders among them, with the actions above', async () => {
    for (let peer = 0; peer < 320; peer++) {
      await announce(tracker.httpPort, 5, peer, peer < 300 ? 'left=7' : 'left=0');
    }
    const { page, close } = await openPage(1600, 'light');
    await useToken(page);
    await page.fill('#info-hash', '05'.repeat(20));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#search-result table');
    assert.match(await textOf(page, '#search-result'), /200 of 320 peers/);
    const roles = (await page.evaluate(
      '[...document.querySelectorAll("#search-result tbody td:nth-child(3)")].map((cell) => cell.textContent)',
    )) as string[];
    assert.deepEqual(
      ['seeder', 'leecher'].map((role) => roles.filter((shown) => shown === role).length),
      [20, 180],
    );
    const above = 'document.querySelector("#search-result button").getBoundingClientRect().bottom';
    assert.ok(
      await page.evaluate(
        `${above} < document.querySelector("#search-result table").getBoundingClientRect().top`,
      ),
    );
    await close();
  });

  test('lists what is denied, and denies and denies no longer, as often as it is told to', async () => {
    const { page, close } = await openPage(1600, 'light');
    page.on('dialog', (dialog) => void dialog.accept());
    assert.equal(await page.isVisible('#deny-form'), false);
    await until(
      page,
      '/The token shows what is denied/.test(document.querySelector("#denied-note").textContent)',
    );
    await useToken(page);
    await until(page, 'document.querySelector("#denied tbody").textContent === "Nothing yet"');
    const says = (words: string, kind = 'good') =>
      until(page, `document.querySelector("#deny-result.${kind}-text")?.textContent.includes("${words}")`);
    const rows = (texts: string[]) =>
      until(
        page,
        `[...document.querySelectorAll("#denied tbody th")].map((cell) => cell.textContent).join() === "${texts}"`,
      );
    for (const words of ['may not announce from now on', 'is refused already']) {
      await page.fill('#deny', ' 192.0.2.0/24 ');
      await page.keyboard.press('Enter');
      await says(words);
      await rows(['192.0.2.0/24']);
    }
    await page.fill('#deny', `magnet:?xt=urn:btih:${'0A'.repeat(20)}&dn=x`);
    await page.keyboard.press('Enter');
    await says('is refused from now on');
    await rows(['192.0.2.0/24', '0a'.repeat(20)]);
    assert.equal(await textOf(page, '#denied-note'), '1 network, 1 info_hash');
    // A part of it is refused with it, and cannot be let in alone.
    await page.fill('#deny', '192.0.2.7');
    await page.click('#undeny');
    await says('192.0.2.7/32 lies in a larger network that is refused', 'bad');
    await page.fill('#deny', '192.0.2.0/99');
    await page.click('#undeny');
    await says('network must be an address or a network', 'bad');
    await page.fill('#deny', 'what is this');
    await page.click('#undeny');
    await says('neither an info_hash nor a network', 'bad');
    await page.click('[aria-label="Deny 192.0.2.0/24 no longer"]');
    await says('may announce');
    await rows(['0a'.repeat(20)]);
    await page.fill('#info-hash', '0a'.repeat(20));
    await page.keyboard.press('Enter');
    await page.click('text=Deny it no longer');
    await until(page, 'document.querySelector("#denied tbody").textContent === "Nothing yet"');
    await close();
  });

  test('says what is missing where there is no list to write to', async () => {
    const tokenFile = join(directory, 'token');
    const bare = await startAdminTracker(['--admin-token-file', tokenFile]);
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    await page.goto(`${bare.url}/`);
    page.on('dialog', (dialog) => void dialog.accept());
    await useToken(page);
    for (const [subject, words] of [
      ['0b'.repeat(20), '--deny-list is not set'],
      ['2001:db8::/32', '--deny-ip names no file'],
    ]) {
      await page.fill('#deny', subject);
      await page.keyboard.press('Enter');
      await until(
        page,
        `document.querySelector("#deny-result.bad-text")?.textContent.includes("this tracker cannot deny: ${words}")`,
      );
    }
    await page.close();
    await bare.program.kill();
  });

  test('hands out the announce URLs, names the machine, the settings and what the log warned of', async () => {
    const { page, close } = await openPage(1600, 'light');
    const http = `http://tracker.example.net:${tracker.httpPort}/announce`;
    await until(page, `document.querySelector("#urls").textContent.includes("${http}")`);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: tracker.url });
    await page.click('#copy-urls');
    await until(page, 'document.querySelector("#copied").textContent === "Copied"');
    assert.match(
      (await page.evaluate('navigator.clipboard.readText()')) as string,
      /^udp:\/\/tracker\.example\.net:\d+\/announce$/m,
    );
    assert.equal(await page.title(), `${hostname()} – Caracal`);
    assert.match(await textOf(page, '#settings'), /domain"tracker\.example\.net"flag --domain/);
    assert.doesNotMatch(await textOf(page, '#settings'), /max-peers/);
    assert.match(await textOf(page, '#defaults'), /max-peers/);
    await close();
  });

  test('shows what the log warned of as text, its fields only with the token', async () => {
    const response = await fetch(`${tracker.url}/metrics`, { headers: { Authorization: 'Bearer wrong' } });
    assert.equal(response.status, 401);
    const { page, close } = await openPage(1600, 'light');
    await until(page, '/admin: wrong token/.test(document.querySelector("#log").textContent)');
    assert.doesNotMatch(await textOf(page, '#log'), /127\.0\.0\.0/);
    await useToken(page);
    await until(page, '/client=127\\.0\\.0\\.0/.test(document.querySelector("#log").textContent)');
    await close();
  });

  test('folds what never happened, and says of empty cards that there is nothing yet', async () => {
    const fresh = await startAdminTracker();
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    await page.goto(`${fresh.url}/`);
    await until(page, '/more, never so far/.test(document.querySelector("#reasons-none").textContent)');
    // Nothing that only one transport counts has happened.
    await until(page, 'document.querySelector("#more-card").hidden');
    for (const id of ['reasons', 'top', 'clients', 'networks', 'sizes']) {
      await until(page, `document.querySelector("#${id} tbody").textContent === "Nothing yet"`);
    }
    // Within its first seconds a chart shows as many points as there are figures.
    await announce(fresh.httpPort, 1, 1);
    await until(page, 'Number(document.querySelector("#peers").textContent) === 1');
    await page.waitForSelector('#chart-peers canvas');
    const box = (await page.locator('#chart-peers .u-over').boundingBox())!;
    for (let tries = 0; ; tries++) {
      await page.mouse.move(box.x + box.width - 1 - (tries % 3), box.y + 40);
      if (/Seeders:?\s*1/.test(await textOf(page, '#chart-peers .u-legend'))) break;
      assert.ok(tries < 100, await textOf(page, '#chart-peers .u-legend'));
      await pause(100);
    }
    await page.close();
    await fresh.program.kill();
  });

  test('zooms into a part of all charts, with the mouse and with the keyboard', async () => {
    const { page, close } = await openPage(1600, 'light');
    assert.equal(await page.isVisible('#zoom-out'), false);
    const finer = page.waitForResponse((response) => response.url().includes('points=3600'));
    const box = (await page.locator('#chart-peers .u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await finer;
    assert.equal(await page.isVisible('#zoom-out'), true);
    await page.focus('#zoom-out');
    await page.keyboard.press('Enter');
    assert.equal(await page.isVisible('#zoom-out'), false);
    await page.focus('#zoom-in');
    await page.keyboard.press('Enter');
    assert.equal(await page.isVisible('#zoom-out'), true);
    await close();
  });

  test('with a wrong token says so and goes on working', async () => {
    const { page, close } = await openPage(360, 'dark');
    await page.click('#token-button');
    await page.fill('#token', 'not-the-token-at-all');
    await page.keyboard.press('Enter');
    await until(page, '/^the token is wrong/.test(document.querySelector("#token-note").textContent)');
    const announces = await textOf(page, '#announces-sub');
    await announce(tracker.httpPort, 6, 1);
    await until(page, `document.querySelector("#announces-sub").textContent !== "${announces}"`);
    assert.equal(await textOf(page, '#health-text'), 'All listeners answer');
    await page.fill('#token', token);
    await page.keyboard.press('Enter');
    await until(page, 'document.querySelector("#token-button").textContent === "Token in use"');
    await close();
  });

  test('with a token that is right no longer forgets it and goes on', async () => {
    const { page, close } = await openPage(360, 'dark');
    await page.evaluate('sessionStorage.setItem("caracal-admin-token", "the-token-of-yesterday")');
    await page.reload();
    await until(page, '/it is forgotten/.test(document.querySelector("#token-note").textContent)');
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

async function useToken(page: Page): Promise<void> {
  await page.click('#token-button');
  await page.fill('#token', token);
  await page.keyboard.press('Enter');
  await until(page, 'document.querySelector("#token-button").textContent === "Token in use"');
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.textContent(selector)) ?? '';
}

function numberOf(text: string): number {
  return Number(text.replaceAll(',', ''));
}
