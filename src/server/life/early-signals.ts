// Which signals the tracker hears, and that those are kept which come before anybody can act on them. Imports nothing,
// so that it is there while everything else is still being loaded.

/**
 * SIGPIPE is not among them: Node has the system ignore it. SIGBREAK, Ctrl-Break, is Windows' own; SIGUSR1 and SIGUSR2 are not
 * there. A name that a system does not know is never heard.
 */
export const heardSignals = ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
export type HeardSignal = (typeof heardSignals)[number];

/** Until the settings are read nothing is lost by ending, so these keep the effect that they have on any program. */
const endsAnyProgram: readonly HeardSignal[] = ['SIGINT', 'SIGTERM', 'SIGBREAK'];

const kept: HeardSignal[] = [];
const keep = (signal: NodeJS.Signals) => {
  kept.push(signal as HeardSignal);
};
for (const signal of heardSignals) if (!endsAnyProgram.includes(signal)) process.on(signal, keep);

/** For a program that answers a question and ends: signals have their usual effect again. */
export function releaseSignals(): void {
  for (const signal of heardSignals) process.off(signal, keep);
}

/** Calls `hear` with the signals that have come, in their order, and with all that come from now on. */
export function hearSignals(hear: (signal: HeardSignal) => void): void {
  for (const signal of heardSignals) process.on(signal, () => hear(signal));
  releaseSignals();
  for (const signal of kept.splice(0)) hear(signal);
}
