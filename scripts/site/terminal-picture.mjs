// Draws docs/images/terminal.svg, the first picture of the README: what a terminal shows when the tracker is started, asked and
// looked at, line by line. Nothing in it is written by hand: it runs what it shows. node scripts/site/terminal-picture.mjs
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const caracal = join(root, 'dist/src/main.js');
const columns = 92;
const rows = 30;
const size = { character: 8.43, line: 19, top: 52, left: 18 };
const palette = {
  back: '#0d1117',
  bar: '#161b22',
  edge: '#30363d',
  text: '#c9d1d9',
  prompt: '#7ee787',
  time: '#8b949e',
};

/**
 * What is typed, and what came of it.
 * @type {{ typed: string, lines: string[] }[]}
 */
const scenes = [];

const data = spawnSync('mktemp', ['-d'], { encoding: 'utf8' }).stdout.trim();
const options = ['--data-dir', data, '--admin-port', 'any'];
const tracker = spawn(process.execPath, [caracal, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
tracker.stdout.setEncoding('utf8').on('data', (text) => {
  said += text;
});
try {
  while (!said.includes('Tracker running')) await new Promise((resolve) => setTimeout(resolve, 100));
  const lines = said.split('\n').filter((line) => /tracker listening|Tracker running/.test(line));
  scenes.push({ typed: 'npx caracal --data-dir data &', lines });
  await announcePeers();
  const hash = '6f84758b0ddd8dc05840bf932a77935d8b5b8b93';
  ask(`caracal query udp://127.0.0.1:6969/announce -H ${hash}`, [
    ...['query', '-t', 'udp://127.0.0.1:6969/announce', '-H', hash],
  ]);
  await announcePeers();
  ask('caracal status', ['status', '--data-dir', data]);
} finally {
  tracker.kill('SIGTERM');
}

/**
 * @param {string} typed
 * @param {string[]} words
 */
function ask(typed, words) {
  const env = { ...process.env, NO_COLOR: '1', COLUMNS: String(columns) };
  const { stdout } = spawnSync(process.execPath, [caracal, ...words], { encoding: 'utf8', env });
  scenes.push({ typed, lines: stdout.trimEnd().split('\n') });
}

/** Some peers in some swarms, for there to be something to see. */
async function announcePeers() {
  for (let peer = 0; peer < 600; peer++) {
    const hash = Array.from(
      { length: 20 },
      (_, i) => [0x6f, 0x84, 0x75, 0x8b, 0x0d, 0xdd, 0x8d, 0xc0, 0x58, 0x40][i] ?? 0,
    );
    hash.splice(10, 10, 0xbf, 0x93, 0x2a, 0x77, 0x93, 0x5d, 0x8b, 0x5b, 0x8b, 0x93 + (peer % 12));
    const escaped = hash.map((byte) => `%${(byte & 0xff).toString(16).padStart(2, '0')}`).join('');
    const query = `info_hash=${escaped}&peer_id=-qB5000-${String(peer).padStart(12, '0')}&port=${20_000 + peer}`;
    await fetch(`http://127.0.0.1:6969/announce?${query}&left=${peer % 3}&compact=1`).then((reply) =>
      reply.arrayBuffer(),
    );
  }
}

/** Seconds at which each line is there; a command is typed, and an answer comes at once. */
function timed() {
  let at = 0.6;
  return scenes.flatMap(({ typed, lines }, index) => {
    const prompt = { text: typed, at, prompt: true };
    at += 0.7;
    const shown = lines.map((text) => {
      at += 0.07;
      return { text, at, prompt: false };
    });
    at += 1.2;
    const gap = index < scenes.length - 1 ? [{ text: '', at, prompt: false }] : [];
    return [prompt, ...shown, ...gap];
  });
}

/** @param {string} text */
const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * @param {{ text: string, at: number, prompt: boolean }} line
 * @param {number} row
 */
function draw(line, row) {
  const y = size.top + row * size.line;
  const text = escapeXml(line.text.length > columns ? `${line.text.slice(0, columns - 1)}…` : line.text);
  const words = line.prompt
    ? `<tspan fill="${palette.prompt}">$</tspan> ${text}`
    : text.replace(/^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)/, `<tspan fill="${palette.time}">$1</tspan>`);
  const style = `animation-delay:${line.at.toFixed(2)}s`;
  return `<text x="${size.left}" y="${y}" style="${style}" xml:space="preserve">${words}</text>`;
}

const lines = timed().slice(0, rows);
const width = Math.ceil(2 * size.left + columns * size.character);
const height = size.top + lines.length * size.line + 6;
const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
  (fill, i) => `<circle cx="${22 + 20 * i}" cy="18" r="6" fill="${fill}"/>`,
);
writeFileSync(
  join(root, 'docs/images/terminal.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: the tracker is started, asked for peers, and shows what it does">
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: ${palette.text}; opacity: 0; animation: come 1ms linear forwards; }
@keyframes come { to { opacity: 1; } }
@media (prefers-reduced-motion: reduce) { text { opacity: 1; animation: none; } }
</style>
<rect width="${width}" height="${height}" rx="10" fill="${palette.back}" stroke="${palette.edge}"/>
<path d="M0 36V10A10 10 0 0 1 10 0H${width - 10}A10 10 0 0 1 ${width} 10V36Z" fill="${palette.bar}"/>
${dots.join('')}
${lines.map(draw).join('\n')}
</svg>
`,
);
