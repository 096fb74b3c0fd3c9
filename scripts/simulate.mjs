// `npm run simulate NAME [-- OPTION …]`: make the checkout ready and run the simulation of that name in bench/.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

const [name = '', ...words] = process.argv.slice(2);
await bootstrap();
const file = join(root, 'dist', 'bench', `simulate-${name}.js`);
if (!/^[a-z]+$/.test(name) || !existsSync(file)) {
  console.error(`caracal: there is no simulation ${name}; there is: cluster`);
  process.exit(2);
}
run(process.execPath, [file, ...words]);
