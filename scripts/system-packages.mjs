// Decides whether the tests' system packages (real clients, other trackers) can be had here, and says so if not.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const script = join(root, 'scripts', 'system-packages.sh');

/** Installs what is missing where this process may; elsewhere says which tests are skipped. In CI that is an error. */
export function installSystemPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && process.platform === 'linux') {
    spawnSync('bash', [script], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  }
  const still = missingPackages();
  if (still.length === 0) return;
  const list = still.join(', ');
  if (process.env.CI === 'true') {
    console.error(`caracal: these system packages are missing, and CI skips no test: ${list}`);
    process.exit(1);
  }
  console.error(`caracal: without these system packages the tests that need them are skipped: ${list}`);
  console.error('caracal: install them as root with npm run setup:system (Debian, Ubuntu)');
}

function missingPackages() {
  const result = spawnSync('bash', [script, '--missing'], { encoding: 'utf8' });
  if (result.error) return ['bash'];
  return result.stdout.split('\n').filter((name) => name !== '');
}
