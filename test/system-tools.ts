// Whether a program that a test needs is installed; in CI nothing may be missing, so nothing is skipped there.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A reason to skip, or false when every tool is there (or this is CI, where the test shall fail instead). */
export function skipWithout(...tools: string[]): string | false {
  if (process.env.CI === 'true') return false;
  const missing = tools.filter((tool) => !isInstalled(tool));
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')} (scripts/system-packages.sh)`;
}

function isInstalled(tool: string): boolean {
  if (tool === 'python3-libtorrent')
    return spawnSync('/usr/bin/python3', ['-c', 'import libtorrent']).status === 0;
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
