// Open sockets that come from another tracker, or that this one kept: which of them serves what is planned.
import { closeSync } from 'node:fs';
import type { InheritedSocket } from '../../net/inherited-socket.ts';
import { isWildcard } from '../../protocol/ip-address.ts';
import type { PlannedListener } from './listen-plan.ts';

export interface PassedSocket {
  protocol: PlannedListener['protocol'];
  socket: InheritedSocket;
}

export class PassedSockets {
  #sockets: PassedSocket[];

  constructor(sockets: readonly PassedSocket[]) {
    this.#sockets = [...sockets];
  }

  /** Those that have not been used. */
  get all(): readonly PassedSocket[] {
    return this.#sockets;
  }

  /** The plan with the passed sockets where they fit; those that nothing is planned for any more are closed. */
  furnish(plan: readonly PlannedListener[]): PlannedListener[] {
    // A port that the system may choose takes none that is asked for by its number.
    const inTurn = [...plan].sort((a, b) => Number(a.port === 0) - Number(b.port === 0));
    const furnished = new Map(inTurn.map((planned) => [planned, this.#furnishOne(planned)]));
    this.close();
    return plan.map((planned) => furnished.get(planned)!);
  }

  #furnishOne(planned: PlannedListener): PlannedListener {
    const fits = ({ protocol, socket }: PassedSocket) =>
      protocol === planned.protocol &&
      (socket.address === planned.address || isOneOf(planned, socket)) &&
      (socket.port === planned.port || planned.port === 0);
    const first = this.#sockets.find(fits);
    if (first === undefined) return planned;
    const { port } = first.socket;
    const [inherited, ...inheritedBeside] = this.#take(
      (passed) => fits(passed) && passed.socket.port === port,
    );
    return { ...planned, port, inherited, inheritedBeside };
  }

  /** Closes those that have not been used. */
  close(): void {
    for (const { socket } of this.#sockets.splice(0)) closeSync(socket.fd);
  }

  #take(wanted: (passed: PassedSocket) => boolean): InheritedSocket[] {
    const taken = this.#sockets.filter(wanted).map(({ socket }) => socket);
    this.#sockets = this.#sockets.filter((passed) => !wanted(passed));
    return taken;
  }
}

/** Without socket workers, UDP on all addresses is a socket on each. */
function isOneOf({ protocol, address, port }: PlannedListener, socket: InheritedSocket): boolean {
  return (
    protocol === 'UDP' && port !== 0 && isWildcard(address) && (socket.family === 6) === address.includes(':')
  );
}
