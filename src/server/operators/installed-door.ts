// Where the admin door of an installation lies as deploy/install.sh makes it: in the data directory that its units name.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/** The UNIX socket's path; undefined when it is not there. `root` stands before all paths, as in the installer. */
export function installedDoor(root = '/'): string | undefined {
  const path = join(root, 'var/lib/tracker/admin.sock');
  try {
    return lstatSync(path).isSocket() ? path : undefined;
  } catch (error) {
    // Only its user and root may look into the directory: whoever asks is to be told that, when it tries.
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? path : undefined;
  }
}
