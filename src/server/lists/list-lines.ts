// How a line leaves a list that people write by hand: the rest stays as it was, and no reader sees half of it.
import { open, readFile, rename, rm, stat } from 'node:fs/promises';

/** Takes out every line whose entry is this info_hash; comments on lines of their own stay. */
export async function removeInfoHash(path: string, infoHash: string): Promise<void> {
  const lines = (await readFile(path, 'latin1')).split('\n');
  const kept = lines.filter((line) => !isEntry(line, infoHash)).join('\n');
  const { mode, uid, gid } = await stat(path);
  const written = `${path}.${process.pid}.new`;
  const file = await open(written, 'wx', mode & 0o777);
  try {
    await file.chmod(mode & 0o777);
    // Root may write for somebody else; nobody else needs to.
    await file.chown(uid, gid).catch(() => {});
    await file.writeFile(kept, 'latin1');
    await file.sync();
    await rename(written, path);
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Also as the first 40 digits of a v2 torrent's 64. */
function isEntry(line: string, infoHash: string): boolean {
  const entry = line.split('#', 1)[0]!.trim().toLowerCase();
  return (entry.length === 40 || entry.length === 64) && entry.startsWith(infoHash.toLowerCase());
}
