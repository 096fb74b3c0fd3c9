// Semantic versions (semver.org, 2.0.0): which is one, and which of two is newer.

const pattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*))?$/;

/** @param {string} text */
export const isVersion = (text) => pattern.test(text);

/**
 * Whether the first is the newer one. Both are versions without build metadata.
 * @param {string} one
 * @param {string} other
 */
export function isNewer(one, other) {
  const [, ...left] = /** @type {string[]} */ (pattern.exec(one));
  const [, ...right] = /** @type {string[]} */ (pattern.exec(other));
  for (const at of [0, 1, 2]) {
    const difference = Number(left[at]) - Number(right[at]);
    if (difference !== 0) return difference > 0;
  }
  return comparePre(left[3], right[3]) > 0;
}

/** A version comes after its own pre-releases. @param {string | undefined} left @param {string | undefined} right */
function comparePre(left, right) {
  if (left === undefined || right === undefined)
    return (left === undefined ? 1 : 0) - (right === undefined ? 1 : 0);
  const [lefts, rights] = [left.split('.'), right.split('.')];
  for (const [at, word] of lefts.entries()) {
    const other = rights[at];
    if (other === undefined) return 1;
    if (word === other) continue;
    const [isNumber, otherIsNumber] = [/^\d+$/.test(word), /^\d+$/.test(other)];
    if (isNumber && otherIsNumber) return Number(word) - Number(other);
    if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
    return word < other ? -1 : 1;
  }
  return lefts.length - rights.length;
}
