// Knows the page that a person sees who opens the tracker in a browser.

/** It names what the request's Host says, so no cache may show it to anybody else; and it needs nothing but itself. */
export const pageFields = [
  'Cache-Control',
  'no-store',
  'Content-Security-Policy',
  "default-src 'none'",
] as const;

/** HTML that names the announce URLs. */
export function formatHttpPage(announceUrls: readonly string[]): string {
  const items = announceUrls.map((url) => `<li><code>${escapeHtml(url)}</code></li>\n`).join('');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BitTorrent tracker</title>
<h1>BitTorrent tracker</h1>
<p>This is a tracker for BitTorrent clients. Announce URLs:</p>
<ul>
${items}</ul>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
