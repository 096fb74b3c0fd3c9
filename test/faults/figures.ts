// What a fault suite gives: one flat object of figures, printed as one line of JSON and held against its limits.

export interface Scale {
  seed: number;
  /** True for `npm run soak`, false for the short form that every test run has time for. */
  long: boolean;
  /** Other numbers than the suite's own, where it restarts a tracker, or several. */
  peers?: number;
  restarts?: number;
  /** Announces a second to each node of a cluster. */
  perSecond?: number;
}

export interface Figures {
  fault: string;
  seed: number;
  seconds: number;
  [name: string]: string | number;
}

/** One thing to survive. It measures; what is good enough stands in `limits`. */
export interface FaultSuite {
  /** A sentence for the table of docs/reliability.md. */
  fault: string;
  /** The largest value that each figure may have; a figure with `atLeast` in front has a smallest one. */
  limits: Readonly<Record<string, number>>;
  atLeast?: Readonly<Record<string, number>>;
  /** Why it cannot be run here. */
  skip?: string | false;
  run(scale: Scale): Promise<Record<string, number>>;
}

/** Runs a suite, prints its line and returns its figures with what they break. */
export async function measure(
  suite: FaultSuite,
  scale: Scale,
): Promise<{ figures: Figures; broken: string[] }> {
  const start = performance.now();
  const found = await suite.run(scale);
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  const figures: Figures = { fault: suite.fault, seed: scale.seed, seconds, ...found };
  console.log(JSON.stringify(figures));
  const broken: string[] = [];
  for (const [name, limit] of Object.entries(suite.limits)) {
    // How long something took, or whether a client asked twice, says more about the machine than about us when other
    // tests run beside.
    if (!scale.long && (name.endsWith('Ms') || name === 'retried')) continue;
    if (!(found[name] <= limit)) broken.push(`${name} is ${found[name]}, at most ${limit} is good`);
  }
  for (const [name, limit] of Object.entries(suite.atLeast ?? {})) {
    if (!(found[name] >= limit)) broken.push(`${name} is ${found[name]}, at least ${limit} is good`);
  }
  return { figures, broken };
}
