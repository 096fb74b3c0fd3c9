// How the environment sets options: CARACAL_HTTP_PORT for --http-port, and which near misses deserve a warning.
//
// Unknown variables only warn, and only when near a known name: Kubernetes sets CARACAL_SERVICE_HOST for a service
// named caracal. Its CARACAL_HTTP_PORT for one named caracal-http is a URL and left out with a line.

import { nearest } from '../../cli/did-you-mean.ts';
import { quoteForLog } from '../../cli/escape-for-log.ts';
import { environmentName, type OptionName, optionNames, optionOf } from './options.ts';
import { parseSetting, type Settings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The options that may stand in the environment. */
export const environmentOptions = optionNames.filter((name) => !optionOf(name).flagOnly);

/** What Kubernetes sets for each service: `caracal-http` gives `CARACAL_HTTP_PORT=tcp://10.96.0.1:80`. */
const servicePort = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/;

/**
 * Reads the variables of all options but those in `overridden`, which a flag gives: what a platform sets unasked
 * must not stop whoever said what they want. An empty variable is none.
 * @throws UsageError naming the variable whose value is not of its option's kind.
 */
export function readEnvironment(
  environment: Environment,
  overridden: { has(name: OptionName): boolean } = new Set(),
): { settings: Settings; warnings: string[] } {
  const settings: Settings = new Map();
  const known = new Map<string, OptionName>(environmentOptions.map((name) => [environmentName(name), name]));
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || text === '' || !variable.startsWith('CARACAL_')) continue;
    const name = known.get(variable);
    if (name !== undefined) {
      if (overridden.has(name)) continue;
      if (servicePort.test(text)) {
        warnings.push(
          `${variable}=${quoteForLog(text).slice(1, -1)} is ignored: Kubernetes sets it for a service`,
        );
        continue;
      }
      const texts = optionOf(name).kind.repeatable
        ? text.split(/[\s,]+/).filter((part) => part !== '')
        : [text];
      settings.set(name, parseSetting(name, texts, variable));
      continue;
    }
    // Only a near miss is a mistake: container platforms put variables of their own beside ours
    // (a service called caracal becomes CARACAL_SERVICE_HOST).
    const meant = nearest(variable, [...known.keys()]);
    if (meant !== undefined)
      warnings.push(`the environment sets ${quoteForLog(variable)}; did you mean ${meant}?`);
  }
  return { settings, warnings };
}
