// Runs in a network namespace of its own: starts every fixture there, lets the doctor examine each, and prints the reports.
import { createSocket } from 'node:dgram';
import { TestAuthority } from '../../certificates.ts';
import { runQuery } from '../run-query.ts';
import { broken, type Certificates, type Fixture, healthy } from './fixtures.ts';
import { addressOf, nameOf } from './names.ts';

const concurrency = 6;

/** Knows no name: what is not in the hosts file does not exist. */
async function startNameServer(): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8183, 2);
    socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, '127.0.0.1', resolve));
}

function makeCertificates(authority: TestAuthority, names: string[]): Certificates {
  const { chain: cert, leaf, key } = authority.issue({ names });
  const other = authority.issue({ names: ['elsewhere.example'] });
  const expired = authority.issue({ names, days: -1 });
  return {
    good: { cert, key },
    noChain: { cert: leaf, key },
    otherName: { cert: other.chain, key: other.key },
    expired: { cert: expired.chain, key: expired.key },
    selfSigned: authority.issueSelfSigned({ names }),
  };
}

async function examine(fixture: Fixture, authority: string): Promise<void> {
  const url = fixture.url.replace('HOST', nameOf(fixture));
  const words = ['doctor', url, '-o', 'json', '--timeout', '4', ...(fixture.more ?? [])];
  const { code, stdout, stderr } = await runQuery(words, { env: { NODE_EXTRA_CA_CERTS: authority } });
  process.stdout.write(
    `${JSON.stringify({ name: fixture.name, code, stderr, report: JSON.parse(stdout) })}\n`,
  );
}

const fixtures = [...broken, ...healthy];
const authority = new TestAuthority();
try {
  const certificates = makeCertificates(authority, fixtures.map(nameOf));
  await startNameServer();
  for (const fixture of fixtures) {
    await fixture.start(addressOf(fixture), certificates, nameOf(fixture));
  }
  const waiting = [...fixtures];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await examine(next, authority.rootPath);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
} finally {
  authority.close();
}
process.exit();
