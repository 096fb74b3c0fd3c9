// `npm run build`: install if needed and compile, always.
import { bootstrap, build } from './bootstrap.mjs';

bootstrap({ installOnly: true });
build({ force: true });
