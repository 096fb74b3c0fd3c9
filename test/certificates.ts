// Makes the certificates of a test with openssl: an authority with an intermediate, and what they sign.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  /** Leaf and intermediate, PEM. */
  chain: string;
  leaf: string;
  key: string;
}

export interface IssueOptions {
  /** DNS names, or addresses as `IP:127.0.0.1`. */
  names?: string[];
  /** Days from now; negative for one that has expired. */
  days?: number;
}

/** Lives in a temporary directory until `close`. */
export class TestAuthority {
  readonly directory = mkdtempSync(join(tmpdir(), 'caracal-authority-'));
  /** What clients must trust, PEM; also in the file `rootPath`. */
  readonly root: string;
  readonly rootPath = join(this.directory, 'root.pem');
  readonly #intermediate: string;
  #count = 0;

  constructor() {
    const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
    this.#openssl('req', '-x509', ...newKey('root'), '-days', '30', '-subj', '/CN=Test Root');
    this.#sign('intermediate', 'root', '/CN=Test Intermediate', authority, 30);
    this.root = this.#read('root.pem');
    this.#intermediate = this.#read('intermediate.pem');
  }

  issue({ names = ['localhost', 'IP:127.0.0.1', 'IP:::1'], days = 10 }: IssueOptions = {}): TestCertificate {
    const name = `leaf${++this.#count}`;
    const alternatives = names.map((text) => (text.startsWith('IP:') ? text : `DNS:${text}`)).join(',');
    const subject = `/CN=${names[0].replace('IP:', '')}`;
    this.#sign(
      name,
      'intermediate',
      subject,
      `subjectAltName=${alternatives}\nbasicConstraints=CA:FALSE\n`,
      days,
    );
    const leaf = this.#read(`${name}.pem`);
    return { leaf, chain: leaf + this.#intermediate, key: this.#read(`${name}.key`) };
  }

  /** Trusted by nobody. */
  issueSelfSigned({ names = ['localhost'] }: IssueOptions = {}): { cert: string; key: string } {
    const name = `self${++this.#count}`;
    const alternatives = `subjectAltName=${names.map((text) => `DNS:${text}`).join(',')}`;
    const subject = ['-subj', `/CN=${names[0]}`, '-addext', alternatives];
    this.#openssl('req', '-x509', ...newKey(name), '-days', '10', ...subject);
    return { cert: this.#read(`${name}.pem`), key: this.#read(`${name}.key`) };
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #sign(name: string, by: string, subject: string, extensions: string, days: number): void {
    writeFileSync(join(this.directory, `${name}.ext`), extensions);
    this.#openssl('req', '-new', ...newKey(name), '-subj', subject);
    const signer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-set_serial', String(1000 + this.#count)];
    const form = ['-extfile', `${name}.ext`, '-days', String(days)];
    this.#openssl('x509', '-req', '-in', `${name}.pem`, ...signer, ...form, '-out', `${name}.pem`);
  }

  #openssl(...words: string[]): void {
    execFileSync('openssl', words, { cwd: this.directory, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #read(name: string): string {
    return readFileSync(join(this.directory, name), 'utf8');
  }
}

function newKey(name: string): string[] {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  return [...key, '-keyout', `${name}.key`, '-out', `${name}.pem`];
}
