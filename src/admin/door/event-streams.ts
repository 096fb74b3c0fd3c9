// The live figures as server-sent events: one text a second, made once for everybody who listens.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { FairPlaces } from '../../transport/fair-places.ts';
import type { Monitor } from '../measures/monitor.ts';
import { clientNetwork } from '../shown-address.ts';

const mostStreams = 50;
/** A reader that is so far behind is cut off; it may come again. */
const mostBytesBehind = 256 * 1024;

export class EventStreams {
  readonly #monitor: Monitor;
  readonly #streams = new Set<ServerResponse>();
  readonly #places = new FairPlaces<ServerResponse>(mostStreams);
  #unsubscribe: (() => void) | undefined;

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
  }

  /** Goes on answering until the client leaves, or its place is needed for somebody who has fewer. */
  open(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Proxies such as nginx would otherwise collect events before they pass them on.
      'X-Accel-Buffering': 'no',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(`retry: 2000\n${format(this.#monitor)}`);
    this.#streams.add(response);
    const client = clientNetwork(request.socket.remoteAddress);
    response.once('close', () => {
      this.#places.giveBack(client, response);
      this.#forget(response);
    });
    this.#places.take(client, response)?.destroy();
    this.#unsubscribe ??= this.#monitor.subscribe(() => this.#send());
  }

  close(): void {
    for (const stream of this.#streams) stream.end();
  }

  #send(): void {
    const text = format(this.#monitor);
    for (const stream of this.#streams) {
      if (stream.writableLength > mostBytesBehind) stream.destroy();
      else stream.write(text);
    }
  }

  #forget(response: ServerResponse): void {
    this.#streams.delete(response);
    if (this.#streams.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }
}

function format({ stats }: Monitor): string {
  return `event: stats\ndata: ${JSON.stringify(stats)}\n\n`;
}
