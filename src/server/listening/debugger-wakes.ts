// Knows that a thread asleep in the kernel hears no debugger, and wakes it again and again while one may be attached.

const everyMs = 200;

/**
 * Calls `wake` five times a second where Node was started with --inspect: what a debugger asks of a thread is answered
 * when that thread runs JavaScript. Without --inspect there is nothing to do.
 * @returns ends it
 */
export function wakeForDebugger(wake: () => void): () => void {
  const isOpen = process.features.inspector && process.getBuiltinModule('node:inspector').url() !== undefined;
  if (!isOpen) return () => {};
  const timer = setInterval(wake, everyMs).unref();
  return () => clearInterval(timer);
}
