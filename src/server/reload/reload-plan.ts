// Which settings a reload takes up and which need a restart, from what is in force and what the file says now.
import { type OptionName, optionNames, optionOf } from '../options/options.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';

export interface ReloadPlan {
  /** Taken up. */
  readonly live: readonly OptionName[];
  /** In force with their old value until a restart. */
  readonly restart: readonly OptionName[];
}

/** Of the options whose values differ. */
export function planReload(inForce: ResolvedConfiguration, wanted: ResolvedConfiguration): ReloadPlan {
  const differing = optionNames.filter((name) => !isSame(name, inForce, wanted));
  const live = differing.filter((name) => changesLive(name, inForce, wanted));
  return { live, restart: differing.filter((name) => !live.includes(name)) };
}

function isSame(name: OptionName, one: ResolvedConfiguration, other: ResolvedConfiguration): boolean {
  return JSON.stringify(one.values[name]) === JSON.stringify(other.values[name]);
}

function changesLive(
  name: OptionName,
  { values: before }: ResolvedConfiguration,
  { values: after }: ResolvedConfiguration,
): boolean {
  const { reload } = optionOf(name);
  // HTTPS with files stays one with files: whatever else gives it a certificate is made at the start.
  if (typeof reload === 'string') return before[name] !== undefined && after[name] !== undefined;
  return reload === true;
}

/** `interval = 900`, as it would stand in a file; `no allow-list` where it is not set any more. */
export function describeSetting(name: OptionName, { values }: ResolvedConfiguration): string {
  const value = values[name];
  return value === undefined
    ? `no ${name}`
    : `${name} = ${optionOf(name).kind.format(value as NonNullable<unknown>)}`;
}
