// What somebody pastes who looks for a swarm: an info_hash in either spelling, or a magnet link that holds one.

/** 40 hexadecimal digits in lower case; undefined when there is no info_hash in the text. */
export function parseInfoHashInput(text: string): string | undefined {
  const pasted = text.replaceAll(/\s+/g, '');
  if (/^(?:magnet:|urn:)/i.test(pasted)) return inMagnet(pasted);
  return parseHash(pasted);
}

/** BEP 9 and BEP 52: `xt=urn:btih:…`, `xt.1=urn:btmh:1220…`; who gives both is found under the first. */
function inMagnet(link: string): string | undefined {
  // Colons may be written as %3A; nothing else in these names needs to be.
  const plain = link.replaceAll(/%3a/gi, ':');
  const hashes = [...plain.matchAll(/urn:(bt[im]h):([0-9a-z]+)/gi)].map(([, kind, hash]) =>
    kind.toLowerCase() === 'btih' ? parseHash(hash) : parseMultihash(hash),
  );
  return hashes.find((hash) => hash !== undefined);
}

function parseHash(text: string): string | undefined {
  if (/^[0-9a-f]{40}$/i.test(text)) return text.toLowerCase();
  if (/^[a-z2-7]{32}$/i.test(text)) return fromBase32(text.toUpperCase());
  // Of a version 2 torrent trackers are told the first 20 bytes.
  return /^[0-9a-f]{64}$/i.test(text) ? text.slice(0, 40).toLowerCase() : undefined;
}

function parseMultihash(text: string): string | undefined {
  // SHA-256 (12), 32 bytes (20).
  return /^1220[0-9a-f]{64}$/i.test(text) ? parseHash(text.slice(4)) : undefined;
}

function fromBase32(text: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let number = 0n;
  for (const digit of text) number = number * 32n + BigInt(digits.indexOf(digit));
  return number.toString(16).padStart(40, '0');
}
