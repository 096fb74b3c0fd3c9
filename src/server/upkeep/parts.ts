// What a running tracker is made up of: parts with a beginning and an end, begun in order and ended in reverse.

export interface Part {
  /** A part that fails here has left nothing running. */
  start?(): void | Promise<void>;
  /** @param graceMs how long what is in flight may take, where that is shorter than usual */
  stop(graceMs?: number): unknown;
}

export class Parts {
  readonly #started: Part[] = [];
  #stopped: Promise<void> | undefined;

  /** Starts these, each when the one before it has; when one fails, ends whatever has been started and rejects. */
  async start(...parts: readonly Part[]): Promise<void> {
    for (const part of parts) {
      try {
        await part.start?.();
      } catch (error) {
        await this.stop();
        throw error;
      }
      this.#started.push(part);
    }
  }

  /**
   * Ends them all, each when the one after it has; once, however often it is called. One that fails to end keeps none of the
   * others from it, and then it rejects.
   */
  stop(graceMs?: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs?: number): Promise<void> {
    let failure: { error: unknown } | undefined;
    for (let part = this.#started.pop(); part; part = this.#started.pop()) {
      try {
        await part.stop(graceMs);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }
}
