// What is kept of an ACME authority in the data directory: the account's key, the certificate, and when to ask again.
import { generateKeyPairSync } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsCertificate } from '../../transport/http/secure-context.ts';
import { readOwnFile, writePrivateFile } from '../storage/private-file.ts';
import { type Certificate, parseCertificate } from './certificate.ts';

/** What must outlive a restart so that restarts in a row are no orders in a row. */
export interface AcmeAttempts {
  /** For these names, in this order; other names are a new matter. */
  readonly domains: readonly string[];
  /** Orders that failed since the last that succeeded. */
  readonly failures: number;
  /** No order before this time, in milliseconds since the epoch. */
  readonly notBefore: number;
}

/** One directory for each authority, so that a test authority's account and certificates are never another's. */
export class AcmeStore {
  readonly #directory: string;

  /** Makes the directory, mode 0700; its files have mode 0600. */
  constructor(dataDirectory: string, authority: string) {
    checkAcmeStore(dataDirectory, authority);
    this.#directory = directoryOf(dataDirectory, authority);
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** The account's private key (PEM), made when there is none. */
  accountKey(): string {
    const kept = this.#read('account.key');
    if (kept !== undefined) return kept;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.#write('account.key', pem);
    return pem;
  }

  /** The certificate last saved; undefined when there is none that can be used. */
  certificate(): Certificate | undefined {
    const text = this.#read('certificate.pem');
    if (text === undefined) return undefined;
    const keyEnd = text.indexOf('-----BEGIN CERTIFICATE-----');
    try {
      return parseCertificate(text.slice(keyEnd), text.slice(0, keyEnd));
    } catch {
      return undefined;
    }
  }

  /** Key and chain in one file, so that the one is never there without the other. */
  saveCertificate({ chain, key }: TlsCertificate): void {
    this.#write('certificate.pem', `${key.trimEnd()}\n${chain.trimEnd()}\n`);
  }

  /** Undefined when nothing is known for these names. */
  attempts(domains: readonly string[]): AcmeAttempts | undefined {
    const text = this.#read('attempts.json');
    if (text === undefined) return undefined;
    try {
      const kept = JSON.parse(text) as AcmeAttempts;
      const same =
        kept.domains.length === domains.length && domains.every((name, i) => name === kept.domains[i]);
      return same && Number.isFinite(kept.notBefore) && Number.isInteger(kept.failures) ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  saveAttempts(attempts: AcmeAttempts): void {
    this.#write('attempts.json', `${JSON.stringify(attempts)}\n`);
  }

  #read(name: string): string | undefined {
    const kept = readOwnFile(join(this.#directory, name), () => {});
    return kept && Buffer.from(kept.contents).toString('utf8');
  }

  #write(name: string, text: string): void {
    writePrivateFile(join(this.#directory, name), Buffer.from(text));
  }
}

function directoryOf(dataDirectory: string, authority: string): string {
  return join(dataDirectory, 'acme', new URL(authority).host.replaceAll(':', '_'));
}

/** Throws when what is there cannot be used; makes nothing. */
export function checkAcmeStore(dataDirectory: string, authority: string): void {
  const own = directoryOf(dataDirectory, authority);
  for (const directory of [join(dataDirectory, 'acme'), own]) {
    const there = lstatSync(directory, { throwIfNoEntry: false });
    if (there === undefined) return;
    if (there.isSymbolicLink())
      throw new Error(`${directory} is a symbolic link, which is not followed: remove it`);
    accessSync(directory, constants.W_OK | constants.X_OK);
  }
  readOwnFile(join(own, 'account.key'), () => {}, { judgeOnly: true });
  readOwnFile(join(own, 'certificate.pem'), () => {}, { judgeOnly: true });
}
