// What would surprise somebody about lists that can be read: one that lets nobody in, one that `deny` cannot add to.
import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Configuration } from '../options/configuration.ts';
import type { Finding } from './finding.ts';

export function probeLists({ allowList, denyList }: Configuration): Finding[] {
  const findings: Finding[] = [];
  if (allowList !== undefined && isEmpty(allowList))
    findings.push({ level: 'warning', text: `--allow-list ${allowList} is empty: nothing may be announced` });
  if (denyList !== undefined && !isWritable(denyList))
    findings.push({
      level: 'warning',
      text:
        `--deny-list ${denyList} cannot be written by this user, so deny and undeny will fail: ` +
        'put it where the tracker may write, as beside --data-dir',
    });
  return findings;
}

function isEmpty(path: string): boolean {
  return readFileSync(path, 'latin1')
    .split('\n')
    .every((line) => line.trim() === '' || line.trimStart().startsWith('#'));
}

/** To take a line out, another file is put in its place. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
