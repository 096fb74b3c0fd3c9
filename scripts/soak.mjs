// `npm run soak [-- --only=WORD --seed=N --short]`: make the checkout ready and run the fault suites at length, or those
// whose name holds the word.
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';
import { installSystemPackages } from './system-packages.mjs';

await bootstrap();
installSystemPackages();
run(process.execPath, [join(root, 'dist', 'test', 'faults', 'soak.js'), ...process.argv.slice(2)]);
