// `--check` as a command: the settings, what this machine has against them, and the exit code that says how bad it is.
import { checkCertificateFiles } from '../certificates/certificates.ts';
import { planListeners } from '../listening/listen-plan.ts';
import { AccessLists } from '../lists/access-lists.ts';
import { readToken } from '../operators/admin.ts';
import { configurationOf } from '../options/configuration.ts';
import { formatConfiguration } from '../options/format-configuration.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';
import { checkDataDirectory } from '../storage/data-directory.ts';
import { StartError, UsageError } from '../usage-error.ts';
import { formatFindings, testItself } from './self-test.ts';

/**
 * A fault of the settings is told like one at a start, with exit code 2. What this machine has against them stands
 * below the settings; an error there is exit code 1, as it would be at a start.
 * @param warn told of settings that are legal but look mistaken
 * @throws UsageError, StartError
 */
export async function check(resolved: ResolvedConfiguration, warn: (message: string) => void): Promise<void> {
  const configuration = configurationOf(resolved.values);
  for (const warning of resolved.warnings) warn(warning);
  try {
    planListeners(configuration);
    if (configuration.dataDir !== undefined) checkDataDirectory(configuration.dataDir);
    checkCertificateFiles(configuration);
    readToken(configuration, { warn });
    await AccessLists.load(configuration);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  const findings = await testItself(configuration);
  process.stdout.write(`${formatConfiguration(resolved)}\n${formatFindings(findings)}`);
  const errors = findings.filter(({ level }) => level === 'error').length;
  if (errors > 0)
    throw new StartError(`it would not start here: see the ${errors === 1 ? 'error' : 'errors'} above`);
}
