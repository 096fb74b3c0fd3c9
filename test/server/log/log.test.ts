import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import fc from 'fast-check';
import { escapeForLog, quoteForLog } from '../../../src/cli/escape-for-log.ts';
import { Log, type LogOptions } from '../../../src/server/log/log.ts';
import { plainStyle, textStyleFor } from '../../../src/server/log/log-text.ts';

function createLog(options: Partial<LogOptions> = {}): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = new Log(
    { write: (line) => void lines.push(line) },
    { format: 'text', verbose: false, style: plainStyle, ...options },
  );
  return { log, lines };
}

describe('a text log', () => {
  test('writes information as it is and marks warnings and errors', () => {
    const { log, lines } = createLog();
    log.info('Shutting down.');
    log.warn('no room', { swarms: 3 });
    log.error('it broke', { reason: 'a b', name: 'x"y' });
    assert.deepEqual(lines, [
      'Shutting down.\n',
      'Warning: no room swarms=3\n',
      'Error: it broke reason="a b" name="x\\"y"\n',
    ]);
  });

  test('writes debug lines only when it is verbose', () => {
    const quiet = createLog();
    quiet.log.debug('announce');
    assert.deepEqual(quiet.lines, []);
    assert.equal(quiet.log.verbose, false);
    const verbose = createLog({ verbose: true });
    verbose.log.debug('announce', { port: 6881 });
    assert.deepEqual(verbose.lines, ['Debug: announce port=6881\n']);
  });

  test('begins with the time, colours the marks and gives the journal its priority, each only when asked', () => {
    const timed = createLog({ style: { ...plainStyle, time: true } });
    timed.log.info('hello');
    assert.match(timed.lines[0], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d hello\n$/);
    const colored = createLog({ style: { ...plainStyle, color: true } });
    colored.log.warn('beware');
    assert.equal(colored.lines[0], '\x1b[33mWarning:\x1b[39m beware\n');
    const journal = createLog({ style: { ...plainStyle, journalPriority: true } });
    journal.log.info('hello');
    journal.log.warn('beware');
    assert.deepEqual(journal.lines, ['<6>hello\n', '<4>Warning: beware\n']);
    assert.equal(createLog().lines.join('').includes('\x1b'), false);
  });
});

test('the last warnings and errors are kept, escaped and within a bound', () => {
  const { log } = createLog();
  log.info('not this');
  log.error('it\x1b broke', { reason: 'a\nb', client: undefined });
  assert.deepEqual(
    log.recent().map(({ level, message, fields }) => ({ level, message, fields })),
    [{ level: 'error', message: 'it\\x1b broke', fields: ['reason=a\\x0ab'] }],
  );
  for (let n = 0; n < 150; n++) log.warn(`warning ${n} ${'x'.repeat(2000)}`);
  const kept = log.recent();
  assert.equal(kept.length, 100);
  assert.match(kept[0].message, /^warning 149 x+…$/);
  assert.ok(kept[0].message.length < 600);
});

test('a JSON log is one object a line with level, time and message', () => {
  const { log, lines } = createLog({ format: 'json' });
  log.warn('no room', { swarms: 3 });
  const { time, ...rest } = JSON.parse(lines[0]);
  assert.deepEqual(rest, { level: 'warn', swarms: 3, msg: 'no room' });
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 5000);
});

describe('what a peer sent', () => {
  test('cannot break a line, steer a terminal or turn text around', () => {
    assert.equal(
      escapeForLog('a\r\n\x1b[31m\x7f\x9b\u202e\u200b\ufeff\ud800é日😀'),
      'a\\x0d\\x0a\\x1b[31m\\x7f\\x9b\\u202e\\u200b\\ufeff\\ud800é日😀',
    );
    assert.equal(quoteForLog('x'.repeat(100), 10), `'${'x'.repeat(10)}…'`);
  });

  test('is escaped in messages and fields of either format', () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 30 });
    fc.assert(
      fc.property(
        hostile,
        hostile,
        fc.constantFrom('text' as const, 'json' as const),
        (message, value, format) => {
          const { log, lines } = createLog({ format });
          log.info(message, { value });
          assert.equal(lines.length, 1);
          assert.match(lines[0], /^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]*\n$/);
        },
      ),
    );
  });
});

describe('a repeated warning', () => {
  test('is written three times a minute, then counted', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { log, lines } = createLog();
      for (let i = 0; i < 1000; i++) log.warn('socket error', { port: i });
      log.error('another');
      assert.equal(lines.length, 4);
      mock.timers.tick(60_000);
      assert.deepEqual(lines.slice(4), ['Warning: socket error (997 more times in the last minute)\n']);
      log.warn('socket error');
      assert.equal(lines.at(-1), 'Warning: socket error\n');
    } finally {
      mock.timers.reset();
    }
  });

  test('is reported when the log closes', () => {
    const { log, lines } = createLog();
    for (let i = 0; i < 5; i++) log.warn('socket error');
    log.close();
    assert.equal(lines.at(-1), 'Warning: socket error (2 more times in the last minute)\n');
  });

  test('information is never held back', () => {
    const { log, lines } = createLog();
    for (let i = 0; i < 50; i++) log.info('same');
    assert.equal(lines.length, 50);
  });
});

test('everything but the journal gets the time, and the journal is known by its device and inode', () => {
  const directory = mkdtempSync(join(tmpdir(), 'caracal-log-'));
  const fd = openSync(join(directory, 'log'), 'w');
  try {
    assert.deepEqual(textStyleFor(fd, {}), { color: false, time: true, journalPriority: false });
    assert.equal(textStyleFor(fd, { JOURNAL_STREAM: '1:1' }).journalPriority, false);
    const { dev, ino } = fstatSync(fd);
    const journal = textStyleFor(fd, { JOURNAL_STREAM: `${dev}:${ino}` });
    assert.deepEqual(journal, { color: false, time: false, journalPriority: true });
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  }
});
