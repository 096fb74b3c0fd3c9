// `npm run build`: install if needed and compile, always.
import { bootstrap, build } from './bootstrap.mjs';

await bootstrap({ installOnly: true });
await build({ force: true });
