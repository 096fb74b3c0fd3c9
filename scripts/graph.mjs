// `npm run graph [FOLDER]`: what imports what in src (or in the sources of another checkout), in figures: for each folder
// its files, the arrows among them, how many floors they make and which circles; and the same for folders among each other.
import { resolve } from 'node:path';
import { bootstrap, built } from './bootstrap.mjs';

await bootstrap();
const { arrowsAmong, circlesIn, countArrows, floorsOf, folderOf, groupArrows, readImportGraph } =
  /** @type {typeof import('../test/import-graph.ts')} */ (await built('test/import-graph.js'));

const src = resolve(process.argv[2] ?? 'src');
const { files, inside } = readImportGraph(src);
const folders = [...new Set(files.map((file) => file.split('/')[0]))];
const rooms = [...new Set(files.map(folderOf))].sort();
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
for (const room of rooms) {
  if (folders.includes(room))
    describe(
      `${room}/ and below`,
      arrowsAmong(inside, (file) => file.startsWith(`${room}/`)),
    );
  if (!folders.includes(room) || rooms.some((other) => other.startsWith(`${room}/`)))
    describe(
      `  ${room}`,
      arrowsAmong(inside, (file) => folderOf(file) === room),
    );
}
describe('folders and rooms', groupArrows(inside, folderOf));
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
