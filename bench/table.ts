// How figures are printed: columns aligned, first to the left and the rest to the right; also as a Markdown table.

export type Rows = readonly (readonly string[])[];

export function formatTable(head: readonly string[], rows: Rows): string {
  const widths = widthsOf(head, rows);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

export function formatMarkdownTable(head: readonly string[], rows: Rows): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

function widthsOf(head: readonly string[], rows: Rows): number[] {
  return head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
}

/** `187,400`: three digits that mean something are enough for figures that vary by several per cent. */
export function formatCount(value: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 3);
  return (Math.round(value / step) * step).toLocaleString('en-US');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
