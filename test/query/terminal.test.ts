// The one way to a terminal: our own colours and cursor moves pass, nothing of what a tracker sent does.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutToWidth, displayWidth, padToWidth, wrapToWidth } from '../../src/query/terminal/display-width.ts';
import { type Span, type Style, Terminal, type TerminalOptions } from '../../src/query/terminal/terminal.ts';
import { writtenTo } from './written-to.ts';

const dangerous =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const hostileText = fc.string({
  unit: fc.constantFrom(
    '\x1b',
    '[',
    ']',
    '0',
    '3',
    '1',
    'm',
    'A',
    'J',
    ';',
    '\x07',
    '\x9b',
    '\u202e',
    '\n',
    '\r',
    'x',
    '日',
  ),
  maxLength: 30,
});
const styles: Style[] = ['bold', 'dim', 'good', 'warning', 'bad', 'accent'];
const span: fc.Arbitrary<Span> = fc.oneof(
  hostileText,
  fc.record({ text: hostileText, style: fc.constantFrom(...styles) }),
);

function printed(
  options: Partial<TerminalOptions> & { nocolor?: boolean },
  use: (terminal: Terminal) => void,
): string {
  const stream = new PassThrough();
  use(new Terminal(stream, options));
  return writtenTo(stream);
}

test('only our own colours reach the terminal, whatever the text', () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 4 }), (spans) => {
      const text = printed({ colour: true }, (terminal) => terminal.line(...spans));
      const rest = text.replaceAll(/\x1b\[(?:0|1|2|31|32|33|36)m/g, '');
      // What a tracker sent is printable, so no sequence of its own can have been taken for one of ours.
      assert.ok(!dangerous.test(rest), JSON.stringify(text));
      assert.equal(text.split('\n').length, 2, 'one line');
    }),
  );
});

test('without colour nothing but text is written', () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 4 }), (spans) => {
      assert.ok(!dangerous.test(printed({ colour: false }, (terminal) => terminal.line(...spans))));
    }),
  );
});

test('a stream that is no terminal gets neither colour nor live views', () => {
  const text = printed({}, (terminal) => {
    terminal.redraw([['live']]);
    terminal.line({ text: 'x', style: 'bad' });
  });
  assert.equal(text, 'x\n');
});

test('a line moves a live view down, and rows never wrap', () => {
  const text = printed({ colour: false, live: true, columns: 20 }, (terminal) => {
    terminal.redraw([['x'.repeat(50)], ['日'.repeat(50)]]);
    terminal.line('done');
    terminal.clearLive();
  });
  const [first, second] = text.split('\n');
  assert.ok(displayWidth(first) < 20 && displayWidth(second) < 20);
  assert.ok(text.includes('\x1b[2A\r\x1b[Jdone\n'), JSON.stringify(text));
  assert.ok(text.endsWith('\x1b[2A\r\x1b[J'));
});

test('widths count columns, not characters', () => {
  assert.equal(displayWidth('日本'), 4);
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(cutToWidth('日本語', 5), '日本…');
  assert.equal(cutToWidth('abc', 3), 'abc');
  assert.equal(padToWidth('日', 4), '日  ');
  assert.deepEqual(wrapToWidth('one two three', 7), ['one two', 'three']);
});
