// The dashboard: what is asked when, and what happens when somebody presses a button.

import type { Stats } from '../schema.ts';
import { Charts, type Range } from './charts.ts';
import { showCluster } from './cluster.ts';
import { ask, isRefusal, openStream, storedToken, storeToken } from './connection.ts';
import { setUpDenied, showDenied } from './denied.ts';
import { byId, setText } from './elements.ts';
import { setUpInstallation, showInstallation } from './installation.ts';
import { showLists } from './lists.ts';
import { showDisconnected, showStats } from './overview.ts';
import { find, setUpSearch } from './search.ts';

const refreshMs: Record<Range, number> = { hour: 10_000, day: 60_000, week: 60_000 };
const listsEveryMs = 5000;
const clusterEveryMs = 3000;
const installationEveryMs = 30_000;
/** Of a tracker that has run for less than this each second is shown. */
const youngMs = 120_000;
const youngRefreshMs = 2000;

const charts = new Charts((zoomed) => {
  byId('zoom-out').hidden = !zoomed;
  // Finer, now that there is room for it.
  if (zoomed) showCharts();
});
let surveyShown: number | null | undefined;
let listsAt = Number.NEGATIVE_INFINITY;
let chartsAt = Number.NEGATIVE_INFINITY;
let installationAt = Number.NEGATIVE_INFINITY;
let clusterAt = Number.NEGATIVE_INFINITY;
/** Of a tracker that is alone this is asked now and then: its next start may make a node of it. */
let isAlone = false;

/** Called each second, with what the tracker is doing. */
function take(stats: Stats): void {
  showStats(stats);
  if (document.hidden) return;
  const now = performance.now();
  const isYoung = charts.range === 'hour' && stats.at - stats.started_at < youngMs;
  if (now - chartsAt >= (isYoung ? youngRefreshMs : refreshMs[charts.range])) {
    chartsAt = now;
    charts.show(charts.range, isYoung).catch(showFault);
  }
  if (now - installationAt >= installationEveryMs) {
    installationAt = now;
    showInstallation().catch(showFault);
    showDenied().catch(showFault);
  }
  if (now - clusterAt >= (isAlone ? installationEveryMs : clusterEveryMs)) {
    clusterAt = now;
    showCluster().then((isShown) => {
      isAlone = !isShown;
    }, showFault);
  }
  if (stats.survey_at !== surveyShown && now - listsAt >= listsEveryMs) {
    surveyShown = stats.survey_at;
    listsAt = now;
    showLists((infoHash) => void find(infoHash)).catch(showFault);
  }
}

function showFault(error: unknown): void {
  // What fails here comes again with the next refresh; a wrong token shows in the stream.
  console.warn(error);
}

function showCharts(range = charts.range): void {
  chartsAt = performance.now();
  charts.show(range).catch(showFault);
}

const restart = openStream('api/v1/events', {
  data: (text) => take(JSON.parse(text) as Stats),
  lost: (error) => {
    if (!isRefusal(error)) {
      showDisconnected('Tracker does not answer');
      return;
    }
    openTokenForm();
    if (storedToken() !== '') {
      // It was right once. Without it there may be less to see, but not nothing.
      useToken('');
      openTokenForm();
      setText('token-note', `${error.message}; it is forgotten`);
      return;
    }
    showDisconnected('Locked');
    setText(
      'token-note',
      error.message === 'the token is missing' ? 'The token is needed to look inside.' : error.message,
    );
  },
});

function openTokenForm(): void {
  const form = byId('token-form');
  if (!form.hidden) return;
  form.hidden = false;
  byId('token-button').setAttribute('aria-expanded', 'true');
  byId('token').focus();
}

function closeTokenForm(): void {
  byId('token-form').hidden = true;
  byId('token-button').setAttribute('aria-expanded', 'false');
}

function useToken(token: string): void {
  storeToken(token);
  byId<HTMLInputElement>('token').value = '';
  setText('token-note', 'Kept in this tab only, until it is closed.');
  byId('token-note').classList.remove('bad-text');
  closeTokenForm();
  nameTokenButton();
  surveyShown = undefined;
  listsAt = chartsAt = installationAt = clusterAt = Number.NEGATIVE_INFINITY;
  restart();
}

/** Takes a token into use only when the tracker takes it: with a wrong one the page would stand still. */
async function tryToken(token: string): Promise<void> {
  if (token === '') return;
  try {
    await ask('api/v1/listeners', 'GET', token);
    useToken(token);
  } catch (error) {
    const words = isRefusal(error) ? `${error.message}; nothing has changed` : (error as Error).message;
    setText('token-note', words);
    byId('token-note').classList.add('bad-text');
    byId<HTMLInputElement>('token').select();
  }
}

function nameTokenButton(): void {
  setText('token-button', storedToken() === '' ? 'Token' : 'Token in use');
}

byId('token-button').addEventListener('click', () => {
  if (byId('token-form').hidden) openTokenForm();
  else closeTokenForm();
});
byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void tryToken(byId<HTMLInputElement>('token').value.trim());
});
byId('token-forget').addEventListener('click', () => useToken(''));
nameTokenButton();

const rangeButtons = [...document.querySelectorAll<HTMLButtonElement>('[data-range]')];
for (const button of rangeButtons) {
  button.addEventListener('click', () => {
    for (const other of rangeButtons) other.setAttribute('aria-pressed', String(other === button));
    showCharts(button.dataset.range as Range);
  });
}

byId('zoom-in').addEventListener('click', () => charts.zoomIn());
byId('zoom-out').addEventListener('click', () => charts.zoom(undefined));

let resizing = 0;
window.addEventListener('resize', () => {
  cancelAnimationFrame(resizing);
  resizing = requestAnimationFrame(() => charts.resize());
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.redraw());
setUpSearch();
setUpInstallation();
setUpDenied();
