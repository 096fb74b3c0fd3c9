// When the keys of connection ids are asked for: at the start until they are told, then every hour, as any node may replace
// them.
import type { ClusterParts } from './cluster-parts.ts';
import { pause } from './pause.ts';
import { type SharedKeys, shareKeys } from './shared-key.ts';

const everyMs = 3600_000;
const retryMs = 200;
/** Where they are known, and could only not be asked for again. */
const againMs = 2000;

export interface KeySharingParts extends Pick<ClusterParts, 'engine' | 'now' | 'log'> {
  readonly secret: string;
  readonly ownKeys: SharedKeys;
  /** Told the keys, and by how many seconds the cluster's clock is ahead of `now`. */
  readonly keys: (keys: SharedKeys, aheadSeconds: number) => void;
}

export class KeySharing {
  readonly #parts: KeySharingParts;
  /** 0 until they are known. */
  #dueAt = 0;
  /** As they were told last: an engine that has lost them is given them again. */
  #shared: SharedKeys | undefined;
  #fault: string | undefined;
  #isClosed = false;

  constructor(parts: KeySharingParts) {
    this.#parts = parts;
  }

  /** Resolves when they were told. */
  async begin(): Promise<void> {
    while (this.#dueAt === 0 && !this.#isClosed) {
      await this.#share();
      if (this.#dueAt === 0) await pause(retryMs);
    }
  }

  /** With every beat: has them told again when that is due. */
  async beat(): Promise<void> {
    if (this.#dueAt !== 0 && this.#parts.now() >= this.#dueAt) await this.#share();
  }

  /** The engine may have lost what it held. */
  again(): void {
    if (this.#dueAt !== 0) this.#dueAt = this.#parts.now();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #share(): Promise<void> {
    const { engine, secret, ownKeys, now, keys, log } = this.#parts;
    try {
      const asked = now();
      const time = await engine.timeMs();
      const shared = await shareKeys(engine, secret, this.#shared ?? ownKeys, time);
      this.#shared = shared;
      this.#dueAt = now() + everyMs;
      this.#fault = undefined;
      keys(shared, Math.round((time - asked) / 1000));
    } catch (error) {
      if (this.#dueAt !== 0) this.#dueAt = now() + againMs;
      const { message } = error as Error;
      // It is tried again several times a second.
      if (engine.isUp && message !== this.#fault) log.warn(`cluster: no shared keys: ${message}`);
      this.#fault = message;
    }
  }
}
