// Where the command line of a container stands: in a compose file, a manifest of Kubernetes or a Dockerfile.
import { UsageError } from '../cli/usage-error.ts';
import type { Entry, Source } from './entries.ts';
import { readYaml } from './read-yaml.ts';

/** What is put before what: compose's entrypoint before its command, Kubernetes' command before its args. */
const parts = ['entrypoint', 'command', 'args'];

/**
 * A list of words for each container; of a text that a shell reads one word.
 * @returns undefined for a file that is none of these
 */
export async function containerCommands(source: Source): Promise<string[][] | undefined> {
  if (/\.ya?ml$/i.test(source.path)) return composeCommands(source);
  const lists = [...source.text.matchAll(/^\s*(ENTRYPOINT|CMD)\s+(\[.*\])\s*$/gim)];
  if (lists.length === 0) return undefined;
  const wordsOf = (name: string) =>
    lists.filter(([, each]) => each.toUpperCase() === name).flatMap(([, , list]) => wordsOfJson(list));
  return [[...wordsOf('ENTRYPOINT'), ...wordsOf('CMD')]];
}

async function composeCommands(source: Source): Promise<string[][] | undefined> {
  let entries: Entry[];
  try {
    entries = await readYaml(source);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return undefined;
  }
  const containers = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (!parts.includes(entry.way.at(-1) ?? '')) continue;
    const container = entry.way.slice(0, -1).join('\0');
    containers.set(container, [...(containers.get(container) ?? []), entry]);
  }
  return [...containers.values()].map((found) =>
    parts.flatMap((part) =>
      found.filter(({ way }) => way.at(-1) === part).flatMap(({ value }) => wordsOf(value)),
    ),
  );
}

function wordsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value ?? '']).map(String);
}

function wordsOfJson(text: string): string[] {
  try {
    return wordsOf(JSON.parse(text));
  } catch {
    // A shell's test, as it is when it is no list.
    return [text];
  }
}
