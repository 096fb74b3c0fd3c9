#!/usr/bin/env node
// caracal: the tracker and, by a first word, its companions. Loads only what is asked for: a tracker hears signals as early
// as tracker-server does.
import { callAs } from './cli/called-as.ts';
import { expandHelp } from './cli/help-word.ts';

const programs = { tracker: '', 'tracker-server': '', 'tracker-query': 'query' };
const words = expandHelp(process.argv.slice(2), programs);
process.argv.splice(2, Number.POSITIVE_INFINITY, ...words);
const [word = '', ...rest] = words;
const asksForHelp = [word, ...rest].some((each) => each === '--help' || each === '-h');

if (word === 'query') {
  callAs('caracal query');
  process.argv.splice(2, 1);
  await import('./query/main.ts');
} else if (word === 'doctor') {
  callAs('caracal');
  await import('./query/main.ts');
} else if (word === 'import') {
  await import('./import/main.ts');
} else {
  callAs('caracal');
  const settings = word === '' || word.startsWith('-');
  if (settings ? asksForHelp : !(await import('./caracal-program.ts')).namesServerCommand(word)) {
    (await import('./caracal-program.ts')).answer(word, rest);
  } else await import('./server/main.ts');
}
