// What a check of the store has found wrong, in words; the first of many, as one fault brings others.

const most = 50;

export class Findings {
  readonly faults: string[] = [];

  /** Always false, so that a check can end with it. */
  add(fault: string): false {
    if (this.faults.length < most) this.faults.push(fault);
    return false;
  }

  expect(what: string, stored: number, counted: number): void {
    if (stored !== counted) this.add(`${what}: ${stored} is written down, ${counted} are there`);
  }
}
