// `npm run docs`: the pages of the library's interface, from the declarations that are packed, into docs/api/. With `--check`
// it only says what has no description, or is named in a description of the interface without being a part of it.
//
// API Extractor brings a compiler of its own, as it needs one with an interface for programs, which TypeScript 7 has not yet.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, root, run } from './bootstrap.mjs';
import { declare } from './declare.mjs';

/** Each entry point is a package of its own to the tools, and says first how it is imported. */
const entryPoints = {
  caracal: { file: 'index', says: "A tracker within a program: `import { createTracker } from 'caracal'`." },
  'caracal-client': {
    file: 'client',
    says: "Announces and scrapes to any tracker: `import { createClient } from 'caracal/client'`.",
  },
  'caracal-protocol': {
    file: 'protocol',
    says: "The codecs, without a Node module: `import { decodeBencode } from 'caracal/protocol'`.",
  },
};

/** Named by the interface and yet none of it: what the program's own lists give it types by. */
const inner = ['ListeningTransport'];

const checks = process.argv.includes('--check');
await bootstrap({ installOnly: true });
// Only now: in a fresh clone there is nothing before.
const { Extractor, ExtractorConfig } = await import('@microsoft/api-extractor');
const directory = mkdtempSync(join(tmpdir(), 'caracal-api-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const types = join(directory, 'types');
declare(types);
const model = join(directory, 'model');
mkdirSync(model);
const faults = Object.entries(entryPoints).flatMap(([name, entryPoint]) => extract(name, entryPoint));
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
if (checks) process.exit(0);
const documenter = join(root, 'node_modules', '@microsoft', 'api-documenter', 'bin', 'api-documenter');
run(process.execPath, [documenter, 'markdown', '-i', model, '-o', join(root, 'docs', 'api')]);

/**
 * Writes the model of an entry point, and says what is wrong with it.
 * @param {string} name
 * @param {{ file: string, says: string }} entryPoint
 * @returns {string[]}
 */
function extract(name, { file, says }) {
  const project = join(directory, name);
  cpSync(types, join(project, 'types'), { recursive: true });
  const manifest = join(project, 'package.json');
  writeFileSync(manifest, JSON.stringify({ name, version: '0.0.0', type: 'module' }));
  const nodeTypes = join(root, 'node_modules', '@types');
  const compilerOptions = {
    ...{ target: 'es2023', module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [nodeTypes], lib: ['es2023', 'esnext.disposable'] },
  };
  const mainEntryPointFilePath = join(project, 'types', 'library', `${file}.d.ts`);
  const declared = readFileSync(mainEntryPointFilePath, 'utf8');
  writeFileSync(mainEntryPointFilePath, `/**\n * ${says}\n * @packageDocumentation\n */\n\n${declared}`);
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: manifest,
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: project,
      mainEntryPointFilePath,
      compiler: { overrideTsconfig: { compilerOptions, files: [mainEntryPointFilePath] } },
      apiReport: { enabled: false },
      docModel: { enabled: true, apiJsonFilePath: join(model, `${name}.api.json`) },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
    },
  });
  /** @type {string[]} */
  const found = [];
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
      const { category, messageId, text, sourceFilePath = '', sourceFileLine = 0 } = message;
      const isForgotten =
        messageId === 'ae-forgotten-export' && !inner.some((name) => text.includes(`"${name}"`));
      const counts = category === 'Compiler' || messageId === 'ae-undocumented' || isForgotten;
      if (counts)
        found.push(`${sourceFilePath.slice(project.length + 1)}:${sourceFileLine}: ${text} (${messageId})`);
    },
  });
  return found;
}
