// Whether a file that someone else writes has changed since its stamp was taken.
import { stat } from 'node:fs/promises';

/** Changes whenever the path leads to another file or to other contents, or no longer anywhere. */
export async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
