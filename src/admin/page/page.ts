// The dashboard: what is asked when, and what happens when somebody presses a button.

import type { Stats } from '../schema.ts';
import { Charts, type Range } from './charts.ts';
import { AnswerError, openStream, storedToken, storeToken } from './connection.ts';
import { byId, setText } from './elements.ts';
import { showLists } from './lists.ts';
import { showDisconnected, showStats } from './overview.ts';
import { find, setUpSearch } from './search.ts';

const refreshMs: Record<Range, number> = { hour: 10_000, day: 60_000, week: 60_000 };
const listsEveryMs = 5000;

const charts = new Charts();
let surveyShown: number | null | undefined;
let listsAt = Number.NEGATIVE_INFINITY;
let chartsAt = Number.NEGATIVE_INFINITY;

/** Called each second, with what the tracker is doing. */
function take(stats: Stats): void {
  showStats(stats);
  if (document.hidden) return;
  const now = performance.now();
  if (now - chartsAt >= refreshMs[charts.range]) {
    chartsAt = now;
    charts.show(charts.range).catch(showFault);
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

const restart = openStream('api/v1/events', {
  data: (text) => take(JSON.parse(text) as Stats),
  lost: (error) => {
    const refused = error instanceof AnswerError && (error.status === 401 || error.status === 403);
    showDisconnected(refused ? 'Locked' : 'Tracker does not answer');
    if (!refused) return;
    setText(
      'token-note',
      error.message === 'the token is missing' ? 'The token is needed to look inside.' : error.message,
    );
    openTokenForm();
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
  closeTokenForm();
  nameTokenButton();
  surveyShown = undefined;
  listsAt = chartsAt = Number.NEGATIVE_INFINITY;
  restart();
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
  useToken(byId<HTMLInputElement>('token').value.trim());
});
byId('token-forget').addEventListener('click', () => useToken(''));
nameTokenButton();

const rangeButtons = [...document.querySelectorAll<HTMLButtonElement>('[data-range]')];
for (const button of rangeButtons) {
  button.addEventListener('click', () => {
    for (const other of rangeButtons) other.setAttribute('aria-pressed', String(other === button));
    chartsAt = performance.now();
    charts.show(button.dataset.range as Range).catch(showFault);
  });
}

let resizing = 0;
window.addEventListener('resize', () => {
  cancelAnimationFrame(resizing);
  resizing = requestAnimationFrame(() => charts.resize());
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.redraw());
setUpSearch();
