// What an operator may have done at the admin door: each action answers once it is in force, or with the reason why it is not.

import { formatCidr, parseCidr } from '../../protocol/cidr.ts';
import { formatInfoHash } from '../measures/survey.ts';
import type { AdminLog, ObservedTracker } from '../observed-tracker.ts';
import { type Answer, RequestError } from './question.ts';

export class OperatorActions {
  readonly #actions: ObservedTracker['actions'];
  readonly #log: AdminLog;

  constructor(actions: ObservedTracker['actions'], log: AdminLog) {
    this.#actions = actions;
    this.#log = log;
  }

  /** Does what an operator asks for, and logs it. */
  act(name: 'reload' | 'snapshot'): Promise<Answer> {
    const missing = name === 'snapshot' ? '--data-dir is not set' : 'it has neither certificates nor lists';
    return this.#do(name, this.#actions[name], missing);
  }

  /** The same to one swarm. */
  actOn(name: 'deny' | 'undeny' | 'drop', infoHash: Int32Array): Promise<Answer> {
    const action = this.#actions[name];
    const subject = { info_hash: formatInfoHash(infoHash) };
    return this.#do(name, action && (() => action(infoHash)), '--deny-list is not set', subject);
  }

  /** The same to the network that the question names. */
  async actOnNetwork(name: 'denyNetwork' | 'undenyNetwork', query: URLSearchParams): Promise<Answer> {
    const network = parseCidr(query.get('network') ?? '');
    if (network === undefined) {
      throw new RequestError(400, 'network must be an address or a network such as 192.0.2.0/24');
    }
    const action = this.#actions[name];
    const word = name === 'denyNetwork' ? 'deny' : 'undeny';
    const subject = { network: formatCidr(network) };
    return this.#do(word, action && (() => action(network)), '--deny-ip names no file', subject);
  }

  /** @param missing what to set where there is no such action */
  async #do(
    name: string,
    action: (() => Promise<string>) | undefined,
    missing: string,
    subject?: Record<string, string>,
  ): Promise<Answer> {
    if (action === undefined) throw new RequestError(501, `this tracker cannot ${name}: ${missing}`);
    try {
      const done = await action();
      this.#log.info(`admin: ${name} done`, subject);
      return { body: { done } };
    } catch (error) {
      this.#log.warn(`admin: ${name} failed: ${(error as Error).message}`, subject);
      throw new RequestError(500, (error as Error).message);
    }
  }
}
