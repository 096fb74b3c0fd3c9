// A dashboard that somebody looks at, without the looking: asks the admin door for what the page asks for, when it does.
import { Assets } from '../src/admin/assets.ts';
import type { Stats } from '../src/admin/schema.ts';

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
  const controller = new AbortController();
  const { signal } = controller;
  let events = 0;
  let surveyShown: number | null | undefined;
  let listsAt = Number.NEGATIVE_INFINITY;
  let historyAt = Number.NEGATIVE_INFINITY;
  const get = async (path: string) => {
    const response = await fetch(url + path, { signal });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response;
  };
  const ask = async (path: string) => (await get(path)).text();
  // As src/admin/page/page.ts does each second.
  const take = async ({ survey_at: surveyAt }: Stats) => {
    events++;
    const now = performance.now();
    const asked: Promise<string>[] = [];
    if (now - historyAt >= historyEveryMs) {
      historyAt = now;
      asked.push(ask('/api/v1/history?range=hour&points=360'));
    }
    if (surveyAt !== surveyShown && now - listsAt >= listsEveryMs) {
      surveyShown = surveyAt;
      listsAt = now;
      asked.push(...lists.map((name) => ask(`/api/v1/${name}`)));
    }
    await Promise.all(asked);
  };
  const stream = async () => {
    await Promise.all(paths.map(ask));
    const { body } = await get('/api/v1/events');
    let text = '';
    for await (const piece of body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const whole = text.split('\n\n');
      text = whole.pop()!;
      for (const event of whole) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) void take(JSON.parse(data) as Stats).catch(report);
      }
    }
  };
  const report = (error: unknown) => {
    if (!signal.aborted) failed(error);
  };
  void stream().catch(report);
  return {
    get events() {
      return events;
    },
    close: () => controller.abort(),
  };
}
