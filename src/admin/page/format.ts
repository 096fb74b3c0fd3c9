// How numbers, sizes, times and ages are written on the page.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const dateTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** `12,345`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** `1 peer`, `12,345 peers`. */
export function formatCounted(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`;
}

/** `12,345`, with a tenth below 100. */
export function formatRate(rate: number): string {
  return rate !== 0 && rate < 100 ? tenths.format(rate) : whole.format(rate);
}

/** `12.3K`, for where there is little room. */
export function formatShort(value: number): string {
  return value !== 0 && Math.abs(value) < 1 ? String(Number(value.toPrecision(2))) : short.format(value);
}

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.4 GiB`, in powers of 1,024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < sizeUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? whole.format(value) : tenths.format(value)} ${sizeUnits[unit]}`;
}

/** `340 µs`, `1.2 ms`, `2.0 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return '0';
  const [value, unit] =
    seconds < 0.001 ? [seconds * 1e6, 'µs'] : seconds < 1 ? [seconds * 1000, 'ms'] : [seconds, 's'];
  return `${value < 10 ? tenths.format(value) : whole.format(value)} ${unit}`;
}

/** `3 d 4 h`, `12 min`, `40 s`: the two largest units of a time that has passed or is left. */
export function formatSpan(seconds: number): string {
  const rest = Math.max(0, Math.floor(seconds));
  const days = Math.floor(rest / 86_400);
  const hours = Math.floor(rest / 3600) % 24;
  const minutes = Math.floor(rest / 60) % 60;
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return minutes > 0 ? `${minutes} min` : `${rest} s`;
}

export function formatTime(ms: number): string {
  return dateTime.format(ms);
}

/** `12.3 %`; what is not nothing is never shown as nothing. */
export function formatShare(part: number, total: number): string {
  if (total === 0 || part === 0) return '0 %';
  const percent = (100 * part) / total;
  return percent < 0.1 ? '< 0.1 %' : `${percent < 10 ? tenths.format(percent) : whole.format(percent)} %`;
}
