// How `--check` prints the effective settings: TOML that --config reads back (but for secrets), each line saying where it comes from.
import type { OptionInForce } from '../../admin/observed-tracker.ts';
import { optionGroups } from './option.ts';
import { environmentName, type OptionName, optionOf } from './options.ts';
import { fileOptions } from './read-config-file.ts';
import type { ResolvedConfiguration } from './resolved-configuration.ts';

/** One line an option, grouped, the origins aligned in a comment; options without a value are comments whole. */
export function formatConfiguration(resolved: ResolvedConfiguration): string {
  const lines = new Map(fileOptions.map((name) => [name, formatLine(name, resolved.values[name])]));
  const width = Math.min(40, Math.max(...[...lines.values()].map((line) => line.length)));
  const groups = optionGroups.map((group) => {
    const names = fileOptions.filter((name) => optionOf(name).group === group);
    return names
      .map((name) => `${lines.get(name)!.padEnd(width)}  # ${describeOrigin(name, resolved)}\n`)
      .join('');
  });
  return groups.filter((group) => group !== '').join('\n');
}

/** The same for the admin door, one an option that has a value. */
export function listConfiguration(resolved: ResolvedConfiguration): OptionInForce[] {
  return fileOptions.map((name) => {
    const value = resolved.values[name];
    return {
      name,
      value: value === undefined ? '' : formatShown(name, value as NonNullable<unknown>),
      origin: describeOrigin(name, resolved),
    };
  });
}

function formatLine(name: OptionName, value: unknown): string {
  if (value === undefined) return `# ${name} =`;
  return `${name} = ${formatShown(name, value as NonNullable<unknown>)}`;
}

/** Without what is secret in it. */
function formatShown(name: OptionName, value: NonNullable<unknown>): string {
  const { kind, shown } = optionOf(name);
  return kind.format(shown ? shown(value) : value);
}

function describeOrigin(name: OptionName, { origins, values }: ResolvedConfiguration): string {
  switch (origins[name]) {
    case 'flag':
      return `flag --${name}`;
    case 'environment':
      return `environment ${environmentName(name)}`;
    case 'file':
      // A path may hold a line break, which would end the comment.
      return `file ${JSON.stringify(values.config)}`;
    default:
      return values[name] === undefined ? `default: ${optionOf(name).defaultText}` : 'default';
  }
}
