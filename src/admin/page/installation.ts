// What does not change by the second: the announce URLs to hand out, the settings in force, and what the log warned of.

import type { AnnounceUrls, ConfigurationAnswer, LogAnswer } from '../schema.ts';
import { ask } from './connection.ts';
import { byId, type Cell, create, setRows, setText } from './elements.ts';
import { formatTime } from './format.ts';

const mostLines = 30;

export async function showInstallation(): Promise<void> {
  const [urls, configuration, log] = await Promise.all([
    ask<AnnounceUrls>('api/v1/announce-urls'),
    ask<ConfigurationAnswer>('api/v1/configuration'),
    ask<LogAnswer>('api/v1/log'),
  ]);
  showUrls(urls);
  showSettings(configuration);
  showLog(log);
}

export function setUpInstallation(): void {
  byId('copy-urls').addEventListener('click', () => void copyUrls());
}

function showUrls({ urls, public: isPublic }: AnnounceUrls): void {
  const text = urls.join('\n');
  const list = byId('urls');
  if (list.textContent !== text) setText(list, text);
  byId<HTMLButtonElement>('copy-urls').disabled = urls.length === 0;
  setText(
    'urls-note',
    urls.length === 0
      ? 'Nothing yet'
      : isPublic
        ? ''
        : 'No --domain is set: this is what the machine calls itself, which others may not reach it by.',
  );
}

/** Beyond this machine a page over plain HTTP has no clipboard; what is selected can be copied all the same. */
async function copyUrls(): Promise<void> {
  const list = byId('urls');
  try {
    await navigator.clipboard.writeText(list.textContent ?? '');
    setText('copied', 'Copied');
  } catch {
    window.getSelection()?.selectAllChildren(list);
    setText('copied', document.execCommand('copy') ? 'Copied' : 'Selected: press Ctrl+C');
  }
}

function showSettings({ options }: ConfigurationAnswer): void {
  const isSet = ({ origin }: ConfigurationAnswer['options'][number]) => !origin.startsWith('default');
  const rows = (chosen: ConfigurationAnswer['options']) =>
    chosen.map(({ name, value, origin }): (Cell | string)[] => [
      { content: name, heading: true },
      { content: value === '' ? '–' : value, className: 'value' },
      { content: origin, className: 'quiet' },
    ]);
  setRows('settings', rows(options.filter(isSet)));
  const others = options.filter((option) => !isSet(option));
  setRows('defaults', rows(others));
  setText('defaults-title', `${others.length} more at their defaults`);
}

function showLog({ lines }: LogAnswer): void {
  setRows(
    'log',
    lines.slice(0, mostLines).map(({ at, level, message, fields }) => {
      const text = create('span', '', message);
      if (fields !== null && fields.length > 0) text.append(create('span', 'versions', fields.join(' ')));
      return [
        { content: formatTime(at), className: 'quiet when' },
        {
          content: level === 'warn' ? 'warning' : 'error',
          className: level === 'warn' ? 'warn-text' : 'bad-text',
        },
        { content: text, className: 'value' },
      ];
    }),
  );
  const hidden = lines.some(({ fields }) => fields === null);
  setText('log-note', hidden ? 'The token shows to whom and where it happened.' : '');
}
