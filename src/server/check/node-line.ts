// Until when each line of Node.js gets security fixes, as the Node.js release schedule says.

const endsOfLife: Record<number, string> = {
  18: '2025-04-30',
  19: '2023-06-01',
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
};

/** One line for the operator when this Node.js line gets no more fixes; `undefined` for a live or unknown line. */
export function nodeLineWarning(version: string, now: Date): string | undefined {
  const line = Number.parseInt(version, 10);
  const end = endsOfLife[line];
  if (end === undefined || now.toISOString().slice(0, 10) <= end) return undefined;
  return `Node.js ${line} is past its end of life (${end}) and gets no security fixes; use a newer line.`;
}
