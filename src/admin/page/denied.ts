// What is denied: the list of it, and the form with which an operator denies an info_hash or a network, or does so no longer.

import type { Denied } from '../schema.ts';
import { ask, storedToken } from './connection.ts';
import { byId, type Cell, create, setRows, setText } from './elements.ts';
import { formatCount, formatCounted } from './format.ts';
import { parseInfoHashInput } from './info-hash-input.ts';

type Verb = 'deny' | 'undeny';

/** An info_hash or a network, and where the tracker is told of it. */
interface Subject {
  text: string;
  path: (verb: Verb) => string;
}

export function setUpDenied(): void {
  byId('deny-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void tell('deny', readInput());
  });
  byId('undeny').addEventListener('click', () => void tell('undeny', readInput()));
}

/** Who may not act may not see the list either: it names networks. */
export async function showDenied(): Promise<void> {
  const trusted = storedToken() !== '';
  for (const id of ['deny-form', 'denied-list']) byId(id).hidden = !trusted;
  if (!trusted) {
    setText('denied-note', 'The token shows what is denied, and lets you deny.');
    setText('deny-result', '');
    return;
  }
  const { info_hashes: infoHashes, networks } = await ask<Denied>('api/v1/denied');
  setRows('denied', [
    ...networks.shown.map((network) => row(networkOf(network), 'network')),
    ...infoHashes.shown.map((infoHash) => row(infoHashOf(infoHash), 'info_hash')),
  ]);
  setText('denied-note', `${tally(networks, 'network')}, ${tally(infoHashes, 'info_hash')}`);
}

function tally({ count, shown }: Denied['networks'], noun: string): string {
  const all = formatCounted(count, noun, noun.endsWith('h') ? `${noun}es` : `${noun}s`);
  return shown.length < count ? `${all} (the first ${formatCount(shown.length)} are shown)` : all;
}

function row(subject: Subject, kind: 'network' | 'info_hash'): Cell[] {
  const button = create('button', 'small', 'Deny no longer');
  button.type = 'button';
  button.setAttribute('aria-label', `Deny ${subject.text} no longer`);
  button.addEventListener('click', () => {
    button.disabled = true;
    void tell('undeny', subject);
  });
  return [
    { content: subject.text, className: kind === 'info_hash' ? 'value hash' : 'value', heading: true },
    { content: kind, className: 'quiet' },
    { content: button, className: 'number' },
  ];
}

function readInput(): Subject | undefined {
  const input = byId<HTMLInputElement>('deny');
  const text = input.value.trim();
  const infoHash = parseInfoHashInput(text);
  if (infoHash !== undefined) return infoHashOf(infoHash);
  // What of it is wrong the tracker says.
  if (/^[0-9a-f.:]*[.:][0-9a-f.:]*(?:\/\d+)?$/i.test(text)) return networkOf(text);
  input.focus();
  return undefined;
}

function infoHashOf(text: string): Subject {
  return { text, path: (verb) => `api/v1/swarms/${text}/${verb}` };
}

function networkOf(text: string): Subject {
  return { text, path: (verb) => `api/v1/networks/${verb}?network=${encodeURIComponent(text)}` };
}

async function tell(verb: Verb, subject: Subject | undefined): Promise<void> {
  if (subject === undefined) {
    showResult(
      'There is neither an info_hash nor a network in this: 40 hexadecimal digits, a magnet link, an address, or a network ' +
        'such as 192.0.2.0/24.',
      false,
    );
    return;
  }
  if (verb === 'deny' && !window.confirm(`Refuse ${subject.text} from now on?`)) return;
  try {
    const { done } = await ask<{ done: string }>(subject.path(verb), 'POST');
    showResult(`${subject.text}: ${done}`, true);
    byId<HTMLInputElement>('deny').value = '';
  } catch (error) {
    showResult(`${subject.text}: ${(error as Error).message}`, false);
  }
  await showDenied();
}

function showResult(words: string, good: boolean): void {
  const place = byId('deny-result');
  place.className = good ? 'good-text' : 'bad-text';
  setText(place, words);
}
