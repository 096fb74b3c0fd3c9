// How much later than it was sent the engine has taken a message.
//
// An engine that stands still finds, when it goes on, what was given up and sent again meanwhile, and takes all of it as if
// it were said now. Somebody without the secret can put in again what a node has signed. So the time at which a message
// leaves is signed too: what is taken long after it is no news, and its sender knows that by the same rule.

/** More than what two clocks differ by that ask each other now and then. */
const inexactMs = 1000;
/** Longer than a sender waits for the engine's word before it sends the message again. */
const tooLateMs = 10_000;

export function isTooLate(sentAt: number, takenAt: number): boolean {
  return takenAt - sentAt > tooLateMs;
}

/** Milliseconds by which what a message tells is older than its sender said. */
export function latenessOf(sentAt: number, takenAt: number): number {
  const late = takenAt - sentAt;
  return late > inexactMs ? late : 0;
}
