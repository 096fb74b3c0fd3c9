// Knows how to draw a run of numbers in one line of text.

const bars = ['\u2581', '\u2582', '\u2583', '\u2584', '\u2585', '\u2586', '\u2587', '\u2588'];
const gap = '\u00b7';

/** One character a value, the lowest to the highest bar over the values' own range; a dot where there is none. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const least = Math.min(...known);
  const range = Math.max(...known) - least;
  return values
    .map((value) => {
      if (value === null) return gap;
      return range === 0 ? bars[0] : bars[Math.round(((value - least) / range) * (bars.length - 1))];
    })
    .join('');
}
