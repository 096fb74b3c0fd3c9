// Knows how one presses q: the keys of a terminal reach us at once, without Enter and without being shown.

export type KeyStream = NodeJS.ReadableStream & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown };

/** Calls `quit` when q is pressed, where `stdin` is a terminal. The returned function gives the terminal back. */
export function onQuitKey(stdin: KeyStream, quit: () => void): () => void {
  if (!stdin.isTTY || !stdin.setRawMode) return () => {};
  const pressed = (keys: Buffer | string) => {
    for (const key of String(keys)) {
      if (key === 'q' || key === 'Q') quit();
      // Raw keys make no signals: Ctrl-C and Ctrl-\ are ours to pass on.
      if (key === '\x03' || key === '\x1c') process.kill(process.pid, 'SIGINT');
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', pressed);
  stdin.resume();
  return () => {
    stdin.off('data', pressed);
    stdin.pause();
    stdin.setRawMode?.(false);
  };
}
