// Has stacks name the lines of the TypeScript sources, at no cost until somebody reads one. Imported by the
// first file of every thread. Node's own --enable-source-maps reads all maps while it loads: 40 ms of processor time a start.
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

/** One place in a compiled file, as a stack writes it. */
const place = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g;
const maps = new Map<string, SourceMap | undefined>();

Error.prepareStackTrace = (error, sites) => {
  const lines = sites.map((site) => `\n    at ${inSources(String(site))}`);
  return `${Error.prototype.toString.call(error)}${lines.join('')}`;
};

/** The text with each place in a compiled file that has a map replaced by the place that it was compiled from. */
function inSources(text: string): string {
  return text.replace(place, (compiled, url: string, line: string, column: string) => {
    const entry = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return compiled;
    const source = new URL(entry.originalSource, url).href;
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** `undefined` for what has no map beside it: packages, and a map that is damaged. */
function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) {
    let map: SourceMap | undefined;
    try {
      map = new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${url}.map`), 'utf8')) as SourceMapPayload);
    } catch {
      // A stack is read when something went wrong already; it must not add to that.
    }
    maps.set(url, map);
  }
  return maps.get(url);
}
