// A client that asks every 20 ms, whatever became of its questions before: it knows for how long nobody answered.
import { Event } from '../../src/protocol/event.ts';
import type { Client } from './clients.ts';

const everyMs = 20;
const mostUnderWay = 60;
/** Nobody else asks about it, and it is in no ledger. */
const swarm = 9000;

export class Probe {
  readonly #client: Client;
  readonly #timer: NodeJS.Timeout;
  #underWay = 0;
  #asked = 0;
  #silentMs = 0;
  #last = performance.now();
  longestSilenceMs = 0;

  constructor(client: Client) {
    this.#client = client;
    this.#timer = setInterval(() => this.#ask(), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }

  #ask(): void {
    const now = performance.now();
    // While this process itself does not get its turn, it cannot tell whether somebody answers.
    this.#silentMs += Math.min(now - this.#last, 2 * everyMs);
    this.#last = now;
    this.longestSilenceMs = Math.max(this.longestSilenceMs, this.#silentMs);
    if (this.#underWay >= mostUnderWay) return;
    this.#underWay++;
    const port = 20_000 + (this.#asked++ % 100);
    this.#client
      .announce({ swarm, port, event: Event.started, numwant: 0 })
      .then(
        () => {
          this.#silentMs = 0;
        },
        () => {},
      )
      .finally(() => this.#underWay--);
  }
}
