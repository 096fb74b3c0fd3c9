// A reload of each option of the table: what it changes is seen in the answers of a running tracker, from every kind of
// thread; what needs a restart is named and stays. A file with mistakes changes nothing and is told of line by line.
import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { get as getPlain, request as requestPlain } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { askDoor } from '../../../src/admin/command/control-client.ts';
import { type OptionName, optionNames, optionOf } from '../../../src/server/options/options.ts';
import { portOptions } from '../../../src/server/options/port-options.ts';
import { TestAuthority } from '../../certificates.ts';
import { fastPath } from '../../net/fast-path.ts';
import { type Program, pause, startProgram } from '../../program.ts';
import { temporaryDirectory } from '../../temporary-directory.ts';
import { mainScript } from '../../tracker-program.ts';
import { type NotOpened, WsClient } from '../../transport/webtorrent/ws-client.ts';

const directory = temporaryDirectory('reload');
const file = (name: string) => join(directory, name);
const token = 'a-token-of-16-and-more';
const hash = 'a'.repeat(20);
const hashHex = Buffer.from(hash).toString('hex');

describe('a reload', fastPath, () => {
  const authority = new TestAuthority();
  let program: Program;
  const ports: Record<string, number> = {};
  const base: Partial<Record<OptionName, string>> = {
    host: '["127.0.0.1", "::1"]',
    'http-port': '"any"',
    'udp-port': '"any"',
    'https-port': '"any"',
    'admin-port': '"any"',
    'admin-token-file': JSON.stringify(file('token')),
    cert: JSON.stringify(file('one.pem')),
    key: JSON.stringify(file('one.key')),
    'data-dir': JSON.stringify(file('data')),
    'trusted-proxy': '["127.0.0.1", "::1"]',
    'memory-limit': '"16MiB"',
    workers: '1',
    'stream-workers': '1',
    'snapshot-interval': '3600',
    'rate-limit': '"off"',
  };

  const write = (changes: Partial<Record<OptionName, string>> = {}) =>
    writeFileSync(
      file('tracker.toml'),
      Object.entries({ ...base, ...changes })
        .map(([name, value]) => `${name} = ${value}\n`)
        .join(''),
    );
  const reload = async () => {
    const { done } = await askDoor<{ done: string }>(
      { socketPath: file('data/admin.sock') },
      '/api/v1/reload',
      'POST',
    );
    return done;
  };

  before(async () => {
    writeFileSync(file('token'), `${token}\n`, { mode: 0o600 });
    writeFileSync(file('other-token'), `other-${token}\n`, { mode: 0o600 });
    for (const name of ['one', 'two']) {
      const { chain, key } = authority.issue({ names: [`${name}.example`, 'IP:127.0.0.1'] });
      writeFileSync(file(`${name}.pem`), chain);
      writeFileSync(file(`${name}.key`), key);
    }
    writeFileSync(file('hashes'), `${'b'.repeat(40)}\n`);
    writeFileSync(file('this-hash'), `${hashHex}\n`);
    write();
    program = startProgram(process.execPath, [mainScript, '--config', file('tracker.toml')]);
    await program.printed(/Tracker running/, 60_000);
    for (const [, protocol, port] of program.stdout.matchAll(
      /(\w+) tracker listening on 127\.0\.0\.1:(\d+)/g,
    ))
      ports[protocol] = Number(port);
    ports.six = Number(/HTTP tracker listening on \[::1\]:(\d+)/.exec(program.stdout)![1]);
    ports.admin = Number(/Admin listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(program.stdout)![1]);
  });
  after(async () => {
    await program?.kill();
    authority.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The body of an answer over HTTP, and over HTTPS, which other threads carry. */
  const ask = (path: string, headers: Record<string, string> = {}, port = ports.HTTP, host = '127.0.0.1') =>
    new Promise<string>((resolve, reject) => {
      getPlain({ host, port, path, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve(body));
      }).once('error', reject);
    });
  const askSecurely = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: ports.HTTPS, path, rejectUnauthorized: false, agent: false };
      const question = requestSecurely(options, (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve(body));
      });
      question.once('error', reject).end();
    });
  const announcePath = (port = 7001, more = '', peerId = `-TT0001-${'0'.repeat(12)}`) =>
    `/announce?info_hash=${hash}&peer_id=${peerId}&port=${port}&left=1&compact=1${more}`;
  const announced = (...words: Parameters<typeof announcePath>) => ask(announcePath(...words));
  const page = () => ask('/');
  const admin = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: ports.admin, path: '/api/v1/denied', headers, agent: false };
      requestPlain(options, (response) => {
        response.resume();
        resolve(response.statusCode!);
      })
        .once('error', reject)
        .end();
    });
  const opens = async (origin: string) => {
    try {
      const client = await WsClient.open({ port: ports.HTTP, fields: [['Origin', origin]] });
      client.socket.destroy();
      return 101;
    } catch (error) {
      return (error as NotOpened).status;
    }
  };
  const shownName = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port: ports.HTTPS, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.once('error', reject);
    });
  const hashes = Array.from({ length: 7 }, (_, i) => `info_hash=${String(i).repeat(20)}`).join('&');

  /** What is set, and how it is seen before and after; other settings that it takes. */
  interface Case {
    value: string;
    with?: Partial<Record<OptionName, string>>;
    see(): Promise<unknown>;
    before: unknown;
    after: unknown;
  }
  const has = (pattern: RegExp, see: () => Promise<string>) => async () => pattern.test(await see());
  const pair = (both: { path: string; pattern: RegExp }) => async () => [
    both.pattern.test(await ask(both.path)),
    both.pattern.test(await askSecurely(both.path)),
  ];
  const bothWays = { before: [false, false], after: [true, true] };
  const public4 = { 'X-Forwarded-For': '203.0.113.9' };
  const live: Partial<Record<OptionName, Case>> = {
    interval: { value: '901', see: pair({ path: announcePath(), pattern: /8:intervali901e/ }), ...bothWays },
    'min-interval': {
      value: '61',
      see: pair({ path: announcePath(), pattern: /12:min intervali61e/ }),
      ...bothWays,
    },
    'max-peers': {
      value: '1',
      see: async () => {
        for (const port of [7001, 7002, 7003]) await announced(port);
        // Another peer each time, as one that announces again is given few.
        const [, length] = /5:peers(\d+):/.exec(await announced(7004 + Math.floor(Math.random() * 9000)))!;
        return Number(length) === 6;
      },
      before: false,
      after: true,
    },
    'max-scrape-hashes': {
      value: '6',
      see: async () => [
        (await ask(`/scrape?${hashes}`)).split('10:incomplete').length - 1,
        (await askSecurely(`/scrape?${hashes}`)).split('10:incomplete').length - 1,
      ],
      before: [5, 5],
      after: [6, 6],
    },
    'full-scrape': { value: 'true', see: pair({ path: '/scrape', pattern: /^d5:files/ }), ...bothWays },
    'tracker-id': {
      value: '"Other"',
      see: pair({ path: announcePath(), pattern: /10:tracker id5:Other/ }),
      ...bothWays,
    },
    'no-ipv4-mapped': {
      value: 'true',
      see: async () => {
        await announced(7001);
        const six = await ask(announcePath(8000 + Math.floor(Math.random() * 9000)), {}, ports.six, '::1');
        return six.includes('\xff\xff\x7f\x00\x00\x01');
      },
      before: true,
      after: false,
    },
    'refused-ports': {
      value: '[7777]',
      see: has(/failure/, () => announced(7777)),
      before: false,
      after: true,
    },
    'rate-limit': {
      value: '"http=1:1"',
      see: async () => {
        const bodies = [];
        for (let i = 0; i < 4; i++)
          bodies.push(await ask(announcePath(), public4), await ask('/scrape', public4));
        return bodies.some((body) => /too many requests/i.test(body));
      },
      before: false,
      after: true,
    },
    'allow-list': {
      value: JSON.stringify(file('hashes')),
      see: pair({ path: announcePath(), pattern: /failure/ }),
      ...bothWays,
    },
    'deny-list': {
      value: JSON.stringify(file('this-hash')),
      see: pair({ path: announcePath(), pattern: /failure/ }),
      ...bothWays,
    },
    'allow-client': {
      value: '["-qB"]',
      see: pair({ path: announcePath(), pattern: /failure/ }),
      ...bothWays,
    },
    'deny-client': { value: '["-TT"]', see: pair({ path: announcePath(), pattern: /failure/ }), ...bothWays },
    'deny-ip': {
      value: '["127.0.0.0/8"]',
      see: pair({ path: announcePath(), pattern: /failure/ }),
      ...bothWays,
    },
    'ws-origin': {
      value: '["https://a.example"]',
      see: () => opens('https://b.example'),
      before: 101,
      after: 403,
    },
    'deny-ws-origin': {
      value: '["https://b.example"]',
      see: () => opens('https://b.example'),
      before: 101,
      after: 403,
    },
    domain: { value: '"new.example"', see: has(/http:\/\/new\.example:/, page), before: false, after: true },
    cert: {
      value: JSON.stringify(file('two.pem')),
      with: { key: JSON.stringify(file('two.key')) },
      see: shownName,
      before: 'one.example',
      after: 'two.example',
    },
    key: {
      value: JSON.stringify(file('two.key')),
      with: { cert: JSON.stringify(file('two.pem')) },
      see: shownName,
      before: 'one.example',
      after: 'two.example',
    },
    'admin-token-file': {
      value: JSON.stringify(file('other-token')),
      see: () => admin({ Authorization: `Bearer other-${token}` }),
      before: 401,
      after: 200,
    },
    'admin-allowed-host': {
      value: '["door.example"]',
      see: () => admin({ Authorization: `Bearer ${token}`, Host: 'door.example' }),
      before: 403,
      after: 200,
    },
    'snapshot-interval': {
      value: '1',
      see: async () => {
        const { mtimeMs } = statSync(file('data/swarms.snapshot'), { throwIfNoEntry: false }) ?? {
          mtimeMs: 0,
        };
        for (let tries = 0; tries < 25; tries++) {
          await pause(100);
          if ((statSync(file('data/swarms.snapshot'), { throwIfNoEntry: false })?.mtimeMs ?? 0) > mtimeMs)
            return true;
        }
        return false;
      },
      before: false,
      after: true,
    },
    verbose: {
      value: 'true',
      see: async () => {
        const length = program.stdout.length;
        await announced();
        await askSecurely(announcePath());
        await pause(300);
        return program.stdout.slice(length).split('announce').length - 1;
      },
      before: 0,
      after: 2,
    },
    'log-format': {
      value: '"json"',
      see: async () => {
        const length = program.stdout.length;
        await reload();
        await pause(200);
        return program.stdout.slice(length).startsWith('{');
      },
      before: false,
      after: true,
    },
  };

  for (const [name, { value, with: others, see, before, after }] of Object.entries(live) as [
    OptionName,
    Case,
  ][]) {
    test(`takes up ${name} = ${value.replaceAll(directory, 'DIR')}`, async () => {
      assert.ok(optionOf(name).reload, 'the table says so');
      assert.deepEqual(await see(), before, 'before');
      write({ ...others, [name]: value });
      const told = await reload();
      assert.match(told, new RegExp(`^In force now: .*${name} = `));
      assert.doesNotMatch(told, /restart/);
      assert.deepEqual(await see(), after, 'after');
      write();
      assert.match(await reload(), new RegExp(`^In force now: .*${name}`));
      assert.deepEqual(await see(), before, 'as it was');
    });
  }

  const restart: Partial<Record<OptionName, string>> = {
    host: '"127.0.0.1"',
    ...Object.fromEntries(Object.keys(portOptions).map((name) => [name, '[1337, 6969]'])),
    ipv6: 'true',
    xdp: '["lo"]',
    'no-xdp-shield': 'true',
    'io-uring': 'true',
    'redirect-http': 'true',
    'acme-email': '"a@b.example"',
    'acme-directory': '"https://acme.example/directory"',
    'acme-http-port': '8081',
    'peer-ttl': '7200',
    'no-webtorrent': 'true',
    'trusted-proxy': '["10.0.0.0/8"]',
    'proxy-protocol': 'true',
    'memory-limit': '"32MiB"',
    'data-dir': JSON.stringify(file('elsewhere')),
    takeover: 'true',
    workers: '2',
    'stream-workers': '2',
    cluster: '"redis://127.0.0.1:1"',
    'cluster-node': '"one"',
    'cluster-secret-file': JSON.stringify(file('token')),
    'admin-port': '0',
    'admin-host': '"127.0.0.2"',
    'admin-socket': JSON.stringify(file('other.sock')),
    'log-ip': '"off"',
  };

  test('what needs a restart is named, each option, and again at the next reload', async () => {
    write(restart);
    for (let times = 0; times < 2; times++) {
      const lines = (await reload()).split('\n');
      for (const name of Object.keys(restart))
        assert.ok(
          lines.includes(`${name}: needs a restart (or --takeover)`),
          `${name} in ${lines.join('\n')}`,
        );
    }
    write();
    assert.doesNotMatch(await reload(), /restart/);
  });

  test('every option of the table was tried', () => {
    // It contradicts --cert, and a certificate from files never becomes one from an authority.
    const elsewhere = ['acme-domain'];
    const tried = [...Object.keys(live), ...Object.keys(restart), ...elsewhere];
    const inFiles = optionNames.filter((name) => !optionOf(name).flagOnly && !optionOf(name).notInFile);
    assert.deepEqual(tried.toSorted(), inFiles.toSorted());
    for (const name of [...Object.keys(restart), ...elsewhere] as OptionName[])
      assert.equal(optionOf(name).reload, undefined, name);
  });

  test('a bad file changes nothing, and every line that is wrong is told of', async () => {
    const bad = 'interval = "often"\nno-such-option = 1\nmax-peers = 0\ntracker-id = "Never"\n';
    const kept = Object.entries(base).map(([name, value]) => `${name} = ${value}\n`);
    writeFileSync(file('tracker.toml'), `${bad}${kept.join('')}`);
    await assert.rejects(reload(), ({ message }: Error) => {
      const lines = message.replaceAll(directory, 'DIR').split('\n');
      assert.equal(lines[0], 'nothing was changed:');
      assert.match(lines[1], /^DIR\/tracker\.toml:1: interval must be/);
      assert.match(lines[2], /^DIR\/tracker\.toml:2: unknown key 'no-such-option'/);
      assert.match(lines[3], /^DIR\/tracker\.toml:3: max-peers must be/);
      return lines.length === 4;
    });
    assert.doesNotMatch(await announced(), /Never/);
  });

  for (const [what, changes, pattern] of [
    ['a list', { 'allow-list': '"nowhere"', interval: '777' }, /--allow-list cannot be read: .*nowhere/],
    ['a certificate', { cert: '"nowhere"', interval: '777' }, /--cert nowhere/],
    ['a token', { 'admin-token-file': '"nowhere"', interval: '777' }, /--admin-token-file nowhere/],
    [
      'a contradiction',
      { 'min-interval': '2000', interval: '777' },
      /--min-interval \(2000\) must not be longer/,
    ],
  ] as const) {
    test(`${what} that cannot be used changes nothing`, async () => {
      write(changes);
      await assert.rejects(reload(), ({ message }: Error) => pattern.test(message));
      assert.doesNotMatch(await announced(), /8:intervali777e/);
    });
  }

  test('SIGHUP does the same, and the log says what came of it', async () => {
    write({ interval: '905', workers: '2' });
    program.signal('SIGHUP');
    await program.printed(/In force now: interval = 905\./);
    await program.printed(/workers: needs a restart \(or --takeover\); workers = 1 stays in force/);
    assert.match(await announced(), /8:intervali905e/);
  });
});
