// What the tracker asked its own listeners, taken out of what its transports have counted: a look at oneself is no traffic.
//
// A listener cannot tell such a question from a client's, and no mark says it: whoever learned a mark could announce
// uncounted. So it is counted like any other, and as many are taken off again as were asked and answered here. Figures
// never go back: while a question is under way, every counter that it may be about to raise is shown lower by one, and
// never lower than before. One that a listener answers after its asker has given up stays in the figures.
import { Event } from '../../protocol/event.ts';
import type { AskSelf } from '../../transport/self-question.ts';
import type { TransportCounts } from '../../transport/transport-counts.ts';

interface Family {
  underWay: number;
  answered: number;
  /** `stopped` as last shown. */
  shown: number;
}

/** Those of one transport. */
export class OwnQuestions {
  readonly #families: Readonly<Record<4 | 6, Family>> = {
    4: { underWay: 0, answered: 0, shown: 0 },
    6: { underWay: 0, answered: 0, shown: 0 },
  };
  readonly #refused = new Map<string, number>();
  readonly #shownRefused = new Map<string, number>();

  /** The same way to ask, noted down here. */
  noting(askSelf: AskSelf): AskSelf {
    return async (listener, signal) => {
      const family = this.#families[listener.family];
      family.underWay++;
      try {
        const answer = await askSelf(listener, signal);
        if (answer === 'announced') family.answered++;
        else this.#refused.set(answer, (this.#refused.get(answer) ?? 0) + 1);
        return answer;
      } finally {
        family.underWay--;
      }
    };
  }

  /** The counts of the same transport without them. */
  without(counts: TransportCounts): TransportCounts {
    const underWay = this.#families[4].underWay + this.#families[6].underWay;
    const refused = Object.entries(counts.refused).map(([kind, count]) => {
      const others = count - (this.#refused.get(kind) ?? 0) - underWay;
      const shown = Math.max(this.#shownRefused.get(kind) ?? 0, others);
      this.#shownRefused.set(kind, shown);
      return [kind, shown];
    });
    return {
      ...counts,
      announces4: withoutStopped(counts.announces4, this.#families[4]),
      announces6: withoutStopped(counts.announces6, this.#families[6]),
      refused: Object.fromEntries(refused),
    };
  }
}

function withoutStopped(announces: readonly number[], family: Family): number[] {
  const rest = [...announces];
  family.shown = Math.max(family.shown, rest[Event.stopped] - family.answered - family.underWay);
  rest[Event.stopped] = family.shown;
  return rest;
}
