// The file of settings that comes of it, each line with where it comes from, and what was told below.
import { type OptionGroup, optionGroups } from '../server/options/option.ts';
import { optionNames, optionOf } from '../server/options/options.ts';
import { formatPlace } from './findings.ts';
import type { Remark, Transfer } from './transfer.ts';

/** TOML as --config reads it. */
export function formatSettings(tracker: string, transfer: Transfer): string {
  const groups = optionGroups.map((group) => formatGroup(group, transfer)).filter((text) => text !== '');
  const told = transfer.remarks.filter(({ verdict }) => verdict !== 'taken');
  return [
    `# Settings of tracker-server, taken over from ${tracker} by caracal import.\n` +
      '# docs/tracker.example.toml shows every other setting and its default.\n',
    ...groups,
    ...(told.length === 0
      ? []
      : [`# ---- What is different ----\n${told.map((remark) => `# ${formatRemark(remark)}\n`).join('')}`]),
  ].join('\n');
}

function formatGroup(group: OptionGroup, { settings }: Transfer): string {
  const lines: string[] = [];
  let before = '';
  for (const name of optionNames) {
    const setting = settings.get(name);
    if (setting === undefined || optionOf(name).group !== group) continue;
    const from = formatPlace(setting.place);
    if (from !== before) lines.push(`# ${from}\n`);
    before = from;
    lines.push(`${name} = ${optionOf(name).kind.format(setting.value)}\n`);
  }
  return lines.length === 0 ? '' : `# ---- ${group} ----\n${lines.join('')}`;
}

/** `differs: opentracker.conf:3: …: …` */
export function formatRemark({ verdict, place, text }: Remark): string {
  if (place === undefined) return `${verdict}: ${text}`;
  return `${verdict}: ${formatPlace(place)}${verdict === 'taken' ? ' → ' : ': '}${text}`;
}
