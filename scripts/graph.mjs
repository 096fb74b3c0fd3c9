// `npm run graph [FOLDER]`: what imports what in src (or in the sources of another checkout), in figures: for each folder
// its files, the arrows among them, how many floors they make and which circles; and the same for rooms (test/rooms.ts) and
// folders among each other.
import { dirname, resolve } from 'node:path';
import { bootstrap, built } from './bootstrap.mjs';

await bootstrap();
const { arrowsAmong, circlesIn, countArrows, floorsOf, groupArrows, readImportGraph } =
  /** @type {typeof import('../test/import-graph.ts')} */ (await built('test/import-graph.js'));
const { roomOf, roomsOf } = /** @type {typeof import('../test/rooms.ts')} */ (await built('test/rooms.js'));

const src = resolve(process.argv[2] ?? 'src');
const { files, inside } = readImportGraph(src);
const folders = [...new Set(files.map((file) => file.split('/')[0]))];
const rooms = roomsOf(files);
const insideFolders = [...new Set(files.map(dirname))].sort();
const rows = [['', 'files', 'arrows', 'floors', 'circles']];
/**
 * @param {string} name
 * @param {import('../test/import-graph.ts').Arrows} arrows
 */
const describe = (name, arrows) =>
  rows.push([
    name,
    ...[arrows.size, countArrows(arrows), floorsOf(arrows), circlesIn(arrows).length].map(String),
  ]);

describe('all files', inside);
for (const room of insideFolders) {
  if (folders.includes(room))
    describe(
      `${room}/ and below`,
      arrowsAmong(inside, (file) => file.startsWith(`${room}/`)),
    );
  if (!folders.includes(room) || insideFolders.some((other) => other.startsWith(`${room}/`)))
    describe(
      `  ${room}`,
      arrowsAmong(inside, (file) => dirname(file) === room),
    );
}
describe(
  'rooms',
  groupArrows(inside, (file) => roomOf(file, rooms) ?? file),
);
describe(
  'folders',
  groupArrows(inside, (file) => file.split('/')[0] ?? ''),
);

const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
for (const row of rows)
  console.log(
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] + 2))).join(''),
  );
for (const circle of circlesIn(inside)) console.log(`circle: ${circle.join(' ')}`);
