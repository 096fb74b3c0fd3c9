// A dashboard that somebody looks at, without the looking: asks the admin door for what the page asks for, when it does.
//
// It unpacks and keeps nothing, so that it takes next to nothing from the load generator beside it.
import { Agent, get, type IncomingMessage } from 'node:http';
import { Assets } from '../src/admin/door/assets.ts';

const historyEveryMs = 10_000;
const listsEveryMs = 5000;
const lists = ['swarms', 'clients', 'swarm-sizes', 'networks'];
const paths = new Assets().paths;

export interface OpenDashboard {
  /** Events that have come so far. */
  readonly events: number;
  close(): void;
}

/** Opens the page, and goes on until it is closed. `failed` is told of whatever a page would not get. */
export function openDashboard(url: string, failed: (error: unknown) => void): OpenDashboard {
  const agent = new Agent({ keepAlive: true, maxSockets: 6 });
  let closed = false;
  let events = 0;
  let surveyShown = '';
  let listsAt = Number.NEGATIVE_INFINITY;
  let historyAt = Number.NEGATIVE_INFINITY;
  const ask = (path: string, take: (response: IncomingMessage) => void) => {
    const report = (error: unknown) => {
      if (!closed) failed(error);
    };
    get(url + path, { agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      if (response.statusCode !== 200) report(new Error(`${path}: ${response.statusCode}`));
      response.on('error', report);
      take(response);
    }).on('error', report);
  };
  const fetchAll = (...wanted: string[]) => {
    for (const path of wanted) ask(path, (response) => response.resume());
  };
  // As src/admin/page/page.ts does each second.
  const show = (surveyAt: string) => {
    events++;
    const now = performance.now();
    if (now - historyAt >= historyEveryMs) {
      historyAt = now;
      fetchAll('/api/v1/history?range=hour&points=360');
    }
    if (surveyAt !== surveyShown && now - listsAt >= listsEveryMs) {
      surveyShown = surveyAt;
      listsAt = now;
      fetchAll(...lists.map((name) => `/api/v1/${name}`));
    }
  };
  fetchAll(...paths);
  ask('/api/v1/events', (response) => {
    response.setEncoding('latin1').on('data', (text: string) => {
      // An event is one write, and arrives as one.
      for (const [, surveyAt] of text.matchAll(/"survey_at":(\d+|null)/g)) show(surveyAt);
    });
  });
  return {
    get events() {
      return events;
    },
    close: () => {
      closed = true;
      agent.destroy();
    },
  };
}
