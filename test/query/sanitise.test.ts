import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cutText,
  decodeText,
  formatCsvCell,
  formatCsvRow,
  formatJson,
  printable,
} from '../../src/query/terminal/sanitise.ts';

const dangerous = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('\x1b', '[', '2', 'J', '\u202e', '\x9b', '"', ',', '=', '\n', '\r', 'a', '\u200b'),
  }),
);

test('escape sequences and bidirectional controls become visible names', () => {
  assert.equal(printable('a\x1b[2Jb'), 'a\\x1b[2Jb');
  assert.equal(printable('\u202egpj.exe'), '\\u202egpj.exe');
  assert.equal(printable('\u009b31m\u007f\ufeff\u{e0041}'), '\\x9b31m\\x7f\\ufeff\\u{e0041}');
  assert.equal(printable('Füße 日本 👍'), 'Füße 日本 👍');
});

test('no text leaves a control or invisible character for the terminal', () => {
  fc.assert(fc.property(anyText, (text) => !dangerous.test(printable(text))));
});

test('JSON of any text is valid, raw-control-free and loses nothing', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const json = formatJson({ [`k${text}`]: [text] });
      assert.ok(!dangerous.test(json), json);
      assert.deepEqual(JSON.parse(json), { [`k${text}`]: [text] });
    }),
  );
});

test('indented JSON keeps its own line feeds only', () => {
  assert.equal(formatJson({ a: 'x\ny\u0085' }, 2), '{\n  "a": "x\\ny\\u0085"\n}');
});

test('a CSV cell is quoted by RFC 4180 and never starts a formula', () => {
  assert.equal(formatCsvCell('a,"b"'), '"a,""b"""');
  assert.equal(formatCsvCell('=HYPERLINK("http://x")'), '"\'=HYPERLINK(""http://x"")"');
  assert.equal(formatCsvCell('+1'), "'+1");
  assert.equal(formatCsvCell('  @x'), "'  @x");
  assert.equal(formatCsvCell('\uff1d1'), "'\uff1d1");
  assert.equal(formatCsvCell(null), '');
  assert.equal(formatCsvRow(['a', 1, null]), 'a,1,\r\n');
});

test('any CSV cell reads back as one field without controls or formulas', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const cell = formatCsvCell(text);
      assert.ok(!dangerous.test(cell));
      const content = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
      assert.ok(!/^\s*[=+\-@]/.test(content), cell);
      if (!cell.startsWith('"')) assert.ok(!/[",]/.test(cell), cell);
    }),
  );
});

test('bytes that are not UTF-8 are read as Latin-1, and long ones are cut', () => {
  assert.equal(decodeText(Buffer.from('grün')), 'grün');
  assert.equal(decodeText(Buffer.from('grün', 'latin1')), 'grün');
  assert.equal(decodeText(Buffer.from('ääää'), 5), 'ää…');
  assert.equal(cutText('👍👍', 3), '👍…');
});
