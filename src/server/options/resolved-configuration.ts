// What the sources of settings have come to: each option's value, and which source it is from.
import type { OptionName, OptionValues } from './options.ts';
import type { Origin } from './settings.ts';

export interface ResolvedConfiguration {
  values: OptionValues;
  origins: Record<OptionName, Origin>;
  /** Lines for the operator about settings that are legal but look mistaken. */
  warnings: string[];
}
