// `npm run check`: types (of the sources by building them, of the scripts), Biome, then every test.
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

await bootstrap();
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
run(process.execPath, [tsc, '-p', join(root, 'scripts')]);
run(process.execPath, [join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '.']);
run(process.execPath, [join(root, 'scripts', 'test.mjs')]);
