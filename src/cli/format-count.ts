// How a number of things is put into words: one of anything is no plural.

/** `1 peer`, `2 peers` */
export function formatCount(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
