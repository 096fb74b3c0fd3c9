// `node scripts/write-docs.mjs`: build, then write the documents that follow from the option tables.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, built, root } from './bootstrap.mjs';

await bootstrap();
const { formatExampleFile, formatOptionsPage } =
  /** @type {typeof import('../src/server/options/options-page.ts')} */ (
    await built('src/server/options/options-page.js')
  );
writeFileSync(join(root, 'docs', 'options.md'), formatOptionsPage());
writeFileSync(join(root, 'docs', 'tracker.example.toml'), formatExampleFile());
await import('./write-manuals.mjs');
