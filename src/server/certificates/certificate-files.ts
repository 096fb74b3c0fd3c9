// The certificate in two files that someone else renews: read at start, on SIGHUP, and whenever the files have changed.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Log } from '../log/log.ts';
import { StartError } from '../start-error.ts';
import { stampOf } from '../storage/file-stamp.ts';
import { type Certificate, CertificateError, formatDate, parseCertificate } from './certificate.ts';
import type { CertificateChanged, CertificatePaths, CertificateSource } from './certificate-source.ts';

/**
 * Reads the pair for a start or a check.
 * @throws StartError when HTTPS cannot be served with it
 */
export function loadCertificate(paths: CertificatePaths): Certificate {
  try {
    return parseCertificate(readFileSync(paths.cert, 'utf8'), readFileSync(paths.key, 'utf8'));
  } catch (error) {
    throw new StartError(describe(error, paths), { cause: error });
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a directory',
};

function describe(error: unknown, { cert, key }: CertificatePaths): string {
  if (error instanceof CertificateError) return `--cert ${cert}, --key ${key}: ${error.message}`;
  const { code, path, message } = error as NodeJS.ErrnoException;
  return `cannot read ${path === key ? '--key' : '--cert'} ${path}: ${reasons[code ?? ''] ?? message}`;
}

/** By path, so that a swapped symlink or directory shows; a watch on files would stay with the old ones. */
const defaultCheckEveryMs = 5000;

export class CertificateFiles implements CertificateSource {
  #paths: CertificatePaths;
  readonly #log: Log;
  readonly #checkEveryMs: number;
  #current: Certificate;
  #changed: CertificateChanged = () => {};
  /** What the files looked like when they were last used or complained of. */
  #settled: string | undefined;
  /** What they looked like when they were bad, which may pass. */
  #suspect: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<string | undefined> = Promise.resolve(undefined);

  /** @throws StartError when HTTPS cannot be served with the pair */
  constructor(paths: CertificatePaths, log: Log, checkEveryMs = defaultCheckEveryMs) {
    this.#paths = paths;
    this.#log = log;
    this.#checkEveryMs = checkEveryMs;
    this.#current = loadCertificate(paths);
  }

  get current(): Certificate {
    return this.#current;
  }

  follow(changed: CertificateChanged): void {
    this.#changed = changed;
    this.#timer = setInterval(() => this.#check(false), this.#checkEveryMs).unref();
  }

  moveTo(paths: CertificatePaths): void {
    this.#paths = paths;
  }

  reload(): Promise<string | undefined> {
    return this.#check(true);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#changed = () => {};
  }

  // One check after the other: a slow file system must not bring an older answer in later.
  #check(asked: boolean): Promise<string | undefined> {
    this.#checking = this.#checking.then(() => this.#checkNow(asked));
    return this.#checking;
  }

  /** Resolves to the fault, when there is one worth saying. */
  async #checkNow(asked: boolean): Promise<string | undefined> {
    const { cert, key } = this.#paths;
    const stamp = `${await stampOf(cert)} ${await stampOf(key)}`;
    if (!asked && stamp === this.#settled) return undefined;
    let fault: string | undefined;
    try {
      const [chain, keyText] = await Promise.all([readFile(cert, 'utf8'), readFile(key, 'utf8')]);
      await this.#take(parseCertificate(chain, keyText), asked);
    } catch (error) {
      // Two files are written one after the other: only what is bad at two checks is said to be.
      if (!asked && stamp !== this.#suspect) {
        this.#suspect = stamp;
        return undefined;
      }
      fault = `${describe(error, this.#paths)}; the old certificate stays in use`;
      this.#log.warn(fault);
    }
    this.#settled = stamp;
    this.#suspect = undefined;
    return fault;
  }

  async #take(certificate: Certificate, asked: boolean): Promise<void> {
    if (certificate.chain === this.#current.chain && certificate.key === this.#current.key) {
      if (asked) this.#log.info('The certificate has not changed.');
      return;
    }
    this.#current = certificate;
    await this.#changed(certificate);
    this.#log.info('New certificate in use.', {
      names: certificate.names.join(', '),
      expires: formatDate(certificate.notAfter),
    });
  }
}
