// What a failed system call looks like to the rest of the program: the call, its errno by name, and what it was about.
import { getSystemErrorMap } from 'node:util';

/** A system call failed. `code` is the errno's name (`EADDRINUSE`), as in Node's own errors. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  readonly call: string;
  readonly errno: number;
  readonly code: string;

  /** @param subject what the call was about, for the message: an address, an option. */
  constructor(call: string, errno: number, subject = '') {
    // libuv numbers errors as negative errno on Linux.
    const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
    super(`${call}${subject === '' ? '' : ` ${subject}`}: ${text} (${code})`);
    this.call = call;
    this.errno = errno;
    this.code = code;
  }
}
