// Knows how to read Accept-Encoding (RFC 9110, 12.5.3), as far as one question goes: may the answer be gzip?

/** Whether gzip is acceptable: named with a weight over 0, or covered by `*` when it is not named. */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined || header === '') return false;
  let byStar = false;
  for (const part of header.split(',')) {
    const [coding, ...parameters] = part.split(';');
    const name = coding.trim().toLowerCase();
    if (name === 'gzip' || name === 'x-gzip') return isWanted(parameters);
    if (name === '*') byStar = isWanted(parameters);
  }
  return byStar;
}

/** Whether the weight is over 0; one that cannot be read counts as 0, as the plain answer suits everybody. */
function isWanted(parameters: readonly string[]): boolean {
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=');
    if (name.trim().toLowerCase() !== 'q') continue;
    const weight = (value ?? '').trim();
    return /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(weight) && Number(weight) > 0;
  }
  return true;
}
