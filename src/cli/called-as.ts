// Under which name whoever called knows this program: its own, or a command of `caracal`. Help and messages show it, so
// that what they say can be typed where only `npx caracal` is at hand.

let name: string | undefined;

/** Before the program is loaded, by the one that loads it. */
export function callAs(other: string): void {
  name = other;
}

/** @param own what the program is called when it was called by itself */
export function calledAs(own: string): string {
  return name ?? own;
}
