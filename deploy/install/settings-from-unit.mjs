// `node settings-from-unit.mjs ROOT EXAMPLE UNIT [DROP-IN …]`: the earlier tracker's unit as settings of this tracker, on
// standard output; what could not be carried over as it stood, a line each, on standard error. Exit 1: no such unit.
import { readFileSync } from 'node:fs';
import { findEarlierTracker, formatSettings, settingsOf } from './earlier-flags.mjs';
import { commandsOf, readService } from './read-unit.mjs';

const [root, example, ...files] = process.argv.slice(2);
const told = new Set();
const tell = (line) => told.add(line.replaceAll(/[\x00-\x1f\x7f]/g, '?'));
const service = readService(files);
const earlier = findEarlierTracker(commandsOf(service, root, tell));
if (earlier === undefined) {
  process.stderr.write(`${files[0]} does not start the earlier tracker\n`);
  process.exit(1);
}
const directory = service.get('WorkingDirectory')?.at(-1)?.replace(/^-/, '') ?? '/';
const settings = settingsOf(earlier.words, directory, tell);
const user = service.get('User')?.at(-1);
if (user !== undefined && user !== 'tracker')
  tell(`the earlier unit ran as ${user}; this one runs as tracker, which must be able to read the certificate`);
const from = `# Carried over from ${files[0].slice(root.length)} by deploy/install.sh.\n`;
process.stdout.write(from + formatSettings(settings, readFileSync(example, 'utf8')));
for (const line of told) process.stderr.write(`${line}\n`);
