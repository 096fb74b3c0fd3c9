// How a line leaves a list that people write by hand: the rest stays as it was, and no reader sees half of it.
import { open, readFile, rename, rm, stat } from 'node:fs/promises';

/** Takes out every line whose item `isMeant`; comments on lines of their own stay. */
export async function removeItems(path: string, isMeant: (item: string) => boolean): Promise<void> {
  const lines = (await readFile(path, 'latin1')).split('\n');
  const kept = lines.filter((line) => !isMeant(line.split('#', 1)[0].trim())).join('\n');
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

/** Whether an item is this info_hash; also as the first 40 digits of a v2 torrent's 64. */
export function namesInfoHash(item: string, infoHash: string): boolean {
  return (item.length === 40 || item.length === 64) && item.toLowerCase().startsWith(infoHash.toLowerCase());
}
