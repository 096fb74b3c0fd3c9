/** Knows how an HTTP query string falls into parameters: walked by hand, in place, and never further than a bound. */
// Chosen over URLSearchParams: raw info_hashes survive, nothing is allocated a field, `+` stays a plus.
import { parseLatin1 } from './latin1.ts';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/**
 * A cursor over the parameters of a query string; one instance is reused for every request. Names are compared as they
 * stand: no client percent-encodes them. Values are raw: see `decodePercent`.
 */
export class HttpQuery {
  bytes: Uint8Array = new Uint8Array(0);
  nameAt = 0;
  nameEnd = 0;
  valueAt = 0;
  valueEnd = 0;
  #cursor = 0;
  #end = 0;

  /** Begins with `bytes[at .. end)`, what follows the question mark. */
  start(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.#cursor = at;
    this.#end = end;
  }

  /** Moves to the next parameter; false when there is none. Empty ones (`&&`) are passed over. */
  next(): boolean {
    const { bytes } = this;
    const end = this.#end;
    let at = this.#cursor;
    while (at < end && bytes[at] === AMPERSAND) at++;
    if (at >= end) return false;
    this.nameAt = at;
    while (at < end && bytes[at] !== EQUALS && bytes[at] !== AMPERSAND) at++;
    this.nameEnd = at;
    // A name without `=` has the empty value.
    if (at < end && bytes[at] === EQUALS) at++;
    this.valueAt = at;
    while (at < end && bytes[at] !== AMPERSAND) at++;
    this.valueEnd = at;
    this.#cursor = at + 1;
    return true;
  }

  /** Whether the parameter is called `name`, made with `queryName`. */
  is(name: Uint8Array): boolean {
    const { bytes, nameAt } = this;
    if (this.nameEnd - nameAt !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (bytes[nameAt + i] !== name[i]) return false;
    return true;
  }
}

/** A parameter's name, or a known value, in the form that is compared. */
export function queryName(name: string): Uint8Array {
  return parseLatin1(name);
}
