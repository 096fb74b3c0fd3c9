// What a release is accompanied by: checksums, a bill of materials (CycloneDX), and where its files come from (an in-toto
// statement with SLSA's predicate). None of them is signed here; docs/releasing.md says how.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../bootstrap.mjs';
import { billOfMaterials } from './bill-of-materials.mjs';
import { describeNode } from './node-runtime.mjs';

/** @param {string} file @param {string} [algorithm] */
const digestOf = (file, algorithm = 'sha256') =>
  createHash(algorithm).update(readFileSync(file)).digest('hex');

/** As `sha256sum -c` reads it. @param {readonly string[]} files */
export function formatChecksums(files) {
  return [...files]
    .sort()
    .map((file) => `${digestOf(file)}  ${basename(file)}\n`)
    .join('');
}

/** Of what runs, and the runtime of caracal-node. */
export function billWithNode() {
  const bill = billOfMaterials();
  for (const architecture of /** @type {const} */ (['amd64', 'arm64'])) {
    const { name, version, integrity } = describeNode(architecture);
    const [, content] = integrity.split('-');
    bill.components.push({
      'bom-ref': `${name}@${version}`,
      type: 'library',
      name,
      version,
      scope: 'optional',
      licenses: nodeLicences(version),
      description: `Node.js for ${architecture}, in the package caracal-node`,
      purl: `pkg:npm/${name}@${version}`,
      hashes: [{ alg: 'SHA-512', content: Buffer.from(content ?? '', 'base64').toString('hex') }],
    });
  }
  return bill;
}

/** Its own, as npm's package names it; the libraries that are built into it are under others, which its file lists. @param {string} version */
const nodeLicences = (version) => [
  { license: { id: 'MIT' } },
  {
    license: {
      name: 'Those of the libraries in Node.js',
      url: `https://raw.githubusercontent.com/nodejs/node/v${version}/LICENSE`,
    },
  },
];

/**
 * @param {object} what
 * @param {readonly string[]} what.files
 * @param {readonly string[]} what.words of `npm run release`, as they were given
 * @param {Record<string, unknown>} what.parameters what they came to, with the environment's part
 * @param {string} what.version
 * @param {string} what.commit
 * @param {Date} what.started
 */
export function provenance({ files, words, parameters, version, commit, started }) {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map((file) => ({ name: basename(file), digest: { sha256: digestOf(file) } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:caracal:release:v1',
        externalParameters: {
          command: ['npm', 'run', 'release', '--', ...words].join(' '),
          version,
          ...parameters,
        },
        internalParameters: { node: process.version, ...toolVersions() },
        resolvedDependencies: [
          { name: 'caracal', digest: { gitCommit: commit } },
          { name: 'package-lock.json', digest: { sha256: digestOf(join(root, 'package-lock.json')) } },
          .../** @type {const} */ (['amd64', 'arm64']).map((architecture) => {
            const { name, version, integrity } = describeNode(architecture);
            const sha512 = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
            return { name: `${name}@${version}`, uri: `pkg:npm/${name}@${version}`, digest: { sha512 } };
          }),
        ],
      },
      runDetails: {
        builder: { id: 'urn:caracal:builder:local' },
        metadata: { startedOn: started.toISOString(), finishedOn: new Date().toISOString() },
      },
    },
  };
}

function toolVersions() {
  return Object.fromEntries(
    ['npm', 'dpkg-deb', 'rpmbuild'].map((tool) => {
      const { stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8' });
      return [tool, stdout?.split('\n', 1)[0] ?? 'not here'];
    }),
  );
}
