// Which known name a mistyped one is nearest to.

/** ` (did you mean X?)`, or nothing when no candidate is near enough to be what was meant. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}

/**
 * The candidate with the fewest edits, at most a third of the word's length and at most 3; of several the one that begins
 * with more of the word's own letters.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // A pasted novel must not cost a quadratic comparison.
  if (word.length > 60) return undefined;
  let best: string | undefined;
  let bestBeginning = 0;
  let fewest = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    const edits = countEdits(word.toLowerCase(), candidate.toLowerCase());
    const beginning = countAlike(word, candidate);
    if (edits > fewest || (edits === fewest && (best === undefined || beginning <= bestBeginning))) continue;
    fewest = edits;
    best = candidate;
    bestBeginning = beginning;
  }
  return best;
}

/** Letters with which both begin. */
function countAlike(a: string, b: string): number {
  let alike = 0;
  while (alike < a.length && a[alike].toLowerCase() === b[alike]?.toLowerCase()) alike++;
  return alike;
}

// Insertions, deletions, replacements and swaps of neighbours each count one (optimal string alignment).
function countEdits(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(
        previous[column] + 1,
        current[column - 1] + 1,
        previous[column - 1] + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, beforePrevious[column - 2] + 1);
      current.push(edits);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length];
}
