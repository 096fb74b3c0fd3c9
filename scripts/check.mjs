// `npm run check`: types and build, Biome, then every test.
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';

await bootstrap();
run(process.execPath, [join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '.']);
run(process.execPath, [join(root, 'scripts', 'test.mjs')]);
