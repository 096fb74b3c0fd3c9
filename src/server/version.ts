// The product's version, as package.json states it.
import { readFileSync } from 'node:fs';

// The built file lies in dist/src/server, in a checkout and in an installed package alike.
const manifest = new URL('../../../package.json', import.meta.url);

export const version: string = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
