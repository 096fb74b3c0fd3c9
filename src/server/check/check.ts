// `--check` as a command: the settings, what this machine has against them, and the exit code that says how bad it is.
import { styleText } from 'node:util';
import { calledAs } from '../../cli/called-as.ts';
import { UsageError } from '../../cli/usage-error.ts';
import { checkCertificateFiles } from '../certificates/certificates.ts';
import { readClusterSecret } from '../cluster/cluster-secret.ts';
import { planListeners } from '../listening/listen-plan.ts';
import { AccessLists } from '../lists/access-lists.ts';
import { textStyleFor } from '../log/log-text.ts';
import { readToken } from '../operators/admin.ts';
import { configurationOf } from '../options/configuration.ts';
import { formatConfiguration } from '../options/format-configuration.ts';
import type { ResolvedConfiguration } from '../options/resolved-configuration.ts';
import { checkDataDirectory } from '../storage/data-directory.ts';
import type { Finding } from './finding.ts';
import { checkKeptSecrets } from './kept-secrets.ts';
import { formatFindings, testItself } from './self-test.ts';

/**
 * A fault of the settings is told like one at a start, with exit code 2. What this machine has against them stands
 * below the settings; an error there is exit code 1, as it would be at a start.
 * @param warn told of settings that are legal but look mistaken
 * @throws UsageError
 */
export async function check(resolved: ResolvedConfiguration, warn: (message: string) => void): Promise<void> {
  const configuration = configurationOf(resolved.values);
  for (const warning of resolved.warnings) warn(warning);
  try {
    planListeners(configuration);
    // The guide has root look before the service starts, whose directory it is then.
    if (configuration.dataDir !== undefined)
      checkDataDirectory(configuration.dataDir, warn, process.geteuid?.() === 0);
    checkKeptSecrets(configuration);
    checkCertificateFiles(configuration);
    readToken(configuration, { warn });
    readClusterSecret(configuration, { warn });
    await AccessLists.load(configuration);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  const findings = await testItself(configuration);
  process.stdout.write(`${formatConfiguration(resolved)}\n${formatFindings(findings)}`);
  sayVerdict(findings);
}

/** One line, the last: what scripts and people look at. */
function sayVerdict(findings: readonly Finding[]): void {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors > 0) {
    const which = errors === 1 ? 'the error' : `${errors} errors`;
    const { color } = textStyleFor(2, process.env);
    const line = `${calledAs('tracker-server')}: it would not start here: see ${which} above`;
    process.stderr.write(`${color ? styleText('red', line, { validateStream: false }) : line}\n`);
    process.exitCode = 1;
    return;
  }
  const { color } = textStyleFor(1, process.env);
  const but =
    warnings === 0 ? '' : `, but see ${warnings === 1 ? 'the warning' : `${warnings} warnings`} above`;
  const line = `# It would start here${but}.`;
  const shade = warnings === 0 ? 'green' : 'yellow';
  process.stdout.write(`${color ? styleText(shade, line, { validateStream: false }) : line}\n`);
}
