// `npm start`: make the checkout ready, then become the tracker (same process, so signals reach it directly).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
process.argv[1] = join(root, 'dist', 'src', 'server', 'main.js');
await import(pathToFileURL(process.argv[1]).href);
