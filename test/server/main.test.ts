// tracker-server as its operator meets it: started, asked, refused, stopped.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from '../../src/server/version.ts';
import { type Program, pause, startProgram } from '../program.ts';
import { mainScript, startTracker } from '../tracker-program.ts';

const directory = mkdtempSync(join(tmpdir(), 'caracal-main-'));
after(() => rmSync(directory, { recursive: true }));

const environment = { COLUMNS: '200', NO_COLOR: undefined };

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(words: readonly string[], env: Record<string, string> = {}): Program {
  return startProgram(process.execPath, [mainScript, ...words], {
    env: { ...environment, ...env },
    cwd: directory,
  });
}

async function run(words: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const program = start(words, env);
  try {
    const { code } = await program.exit();
    return { code, stdout: program.stdout, stderr: program.stderr };
  } finally {
    await program.kill();
  }
}

/** Runs to an end with this exit code, one line on stderr and nothing on stdout. */
async function refused(
  words: readonly string[],
  code: number,
  line: RegExp,
  env: Record<string, string> = {},
) {
  const outcome = await run(words, env);
  assert.equal(outcome.code, code, outcome.stderr);
  assert.match(outcome.stderr, /^tracker-server: [^\n]+\n$/, 'one line');
  assert.match(outcome.stderr, line);
  assert.equal(outcome.stdout, '');
}

describe('questions to the program', () => {
  test('--help is grouped, names every option and fits 80 columns', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
    for (const words of [
      /^Listening:$/m,
      /^Answers:$/m,
      /^ {2}--http-port <PORT> /m,
      /^ {2}-v, --verbose /m,
    ]) {
      assert.match(stdout, words);
    }
    assert.equal((await run(['-h'])).stdout, stdout);
  });

  test('--version is the version of the package', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    assert.deepEqual(await run(['--version']), {
      code: 0,
      stdout: `tracker-server ${manifest.version}\n`,
      stderr: '',
    });
  });

  test('--check prints the settings with their origins and opens nothing', async () => {
    const file = join(directory, 'check.toml');
    writeFileSync(file, 'max-peers = 50\nhttp-port = 8080\nudp-port = "any"\n');
    const words = [
      '--check',
      '--config',
      file,
      '--http-port',
      'any',
      '--data-dir',
      join(directory, 'unmade'),
    ];
    const { code, stdout, stderr } = await run(words, { CARACAL_INTERVAL: '900' });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^http-port = "any" +# flag --http-port$/m);
    assert.match(stdout, /^interval = 900 +# environment CARACAL_INTERVAL$/m);
    assert.match(stdout, /^max-peers = 50 +# file /m);
    assert.match(stdout, /^peer-ttl = 3600 +# default$/m);
    assert.equal(existsSync(join(directory, 'unmade')), false);
  });

  test('--check names a fault in one line with exit code 2', async () => {
    await refused(['--check', '--interval', 'x'], 2, /--interval must be/);
    await refused(['--check', '--http-port', '0', '--udp-port', '0'], 2, /every listener is disabled/);
    await refused(['--check', '--data-dir', join(mainScript, 'x')], 2, /--data-dir .* cannot be written/);
  });
});

describe('mistakes are one line and exit code 2', () => {
  test('an unknown flag', () =>
    refused(['--htp-port', '1'], 2, /'--htp-port' \(did you mean --http-port\?\)/));
  test('a wrong flag value', () => refused(['--udp-port', '65536'], 2, /--udp-port must be .* not '65536'/));
  test('a wrong variable', () => refused([], 2, /CARACAL_UDP_PORT must be/, { CARACAL_UDP_PORT: 'x' }));
  test('an unreadable file', () => refused(['--config', 'missing.toml'], 2, /cannot read missing\.toml/));
  test('an unknown key', async () => {
    writeFileSync(join(directory, 'key.toml'), 'intervall = 5\n');
    await refused(
      ['--config', 'key.toml'],
      2,
      /key\.toml:1: unknown key 'intervall' \(did you mean interval\?\)/,
    );
  });
  test('a certificate that cannot be read', () =>
    refused(
      ['--https-port', 'any', '--cert', 'a', '--key', 'b'],
      1,
      /cannot read --cert a: there is no such file/,
    ));
  test('escape sequences in a word reach no terminal', () => refused(['\x1b[2J\n'], 2, /'\\x1b\[2J\\x0a'/));
});

describe('a tracker that cannot start says why in one line, exits 1 and leaves nothing behind', () => {
  test('every listener is disabled', () =>
    refused(['--http-port', '0', '--udp-port', '0'], 1, /every listener is disabled/));

  test('the HTTP port is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const words = ['--host', '127.0.0.1', '--http-port', String(port), '--udp-port', 'any'];
    await refused(words, 1, new RegExp(`127\\.0\\.0\\.1:${port} \\(HTTP\\): the port is in use`)).finally(
      () => server.close(),
    );
  });

  for (const workers of ['0', '2']) {
    test(`the UDP port is in use (--workers ${workers})`, async () => {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
      const { port } = socket.address();
      const words = [
        '--host',
        '127.0.0.1',
        '--http-port',
        'any',
        '--udp-port',
        String(port),
        '--workers',
        workers,
      ];
      await refused(words, 1, new RegExp(`127\\.0\\.0\\.1:${port} \\(UDP\\): the port is in use`)).finally(
        () => socket.close(),
      );
    });

    test(`another tracker has the UDP port (--workers ${workers})`, async () => {
      const { program, udpPort } = await startTracker(['--workers', workers]);
      const words = [
        '--host',
        '127.0.0.1',
        '--http-port',
        '0',
        '--udp-port',
        String(udpPort),
        '--workers',
        workers,
      ];
      await refused(words, 1, /\(UDP\): the port is in use/).finally(() => program.kill());
    });
  }

  test('the data directory cannot be written', () =>
    refused(
      ['--data-dir', join(mainScript, 'x'), '--http-port', 'any', '--udp-port', 'any'],
      1,
      /--data-dir .*: /,
    ));
});

describe('a running tracker', () => {
  test('names its listeners, keeps its key in the data directory, and stops on SIGTERM with exit code 0', async () => {
    const dataDir = join(directory, 'data');
    const { program, httpPort, udpPort } = await startTracker(['--data-dir', dataDir]);
    try {
      assert.equal(statSync(join(dataDir, 'connection-id.key')).mode & 0o777, 0o600);
      program.signal('SIGTERM');
      assert.deepEqual(await program.exit(), { code: 0, signal: null });
      const lines = program.stdout
        .split('\n')
        .map((line) =>
          line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, '').replace(/0\.\d\d s\)\.$/, '0.00 s).'),
        )
        .filter((line) => !line.startsWith('Warning: Node.js'));
      assert.deepEqual(lines, [
        `HTTP tracker listening on 127.0.0.1:${httpPort}/announce`,
        `UDP tracker listening on 127.0.0.1:${udpPort}`,
        `tracker-server ${version} on Node.js ${process.versions.node}`,
        'Tracker running. Press Ctrl-C to stop.',
        'Shutting down.',
        'Saved 0 peers (0.0 MiB in 0.00 s).',
        '',
      ]);
      assert.equal(program.stderr, '');
    } finally {
      await program.kill();
    }
  });

  test('stops on SIGINT with exit code 0', async () => {
    const { program } = await startTracker();
    program.signal('SIGINT');
    assert.deepEqual(await program.exit().finally(() => program.kill()), { code: 0, signal: null });
    assert.match(program.stdout, / Shutting down\.$/m);
  });

  test('outlives a storm of SIGHUPs', async () => {
    const { program, httpPort } = await startTracker();
    try {
      for (let i = 0; i < 20; i++) program.signal('SIGHUP');
      await program.printed(/SIGHUP/);
      assert.equal((await fetch(`http://127.0.0.1:${httpPort}/`)).status, 200);
      program.signal('SIGTERM');
      assert.deepEqual(await program.exit(), { code: 0, signal: null });
    } finally {
      await program.kill();
    }
  });

  test('listens on ::1 when that is its host, and on both families with --ipv6', async () => {
    const six = start(['--host', '::1', '--http-port', 'any', '--udp-port', 'any']);
    const both = start(['--ipv6', '--http-port', 'any', '--udp-port', 'any']);
    try {
      await six.printed(
        / HTTP tracker listening on \[::1\]:\d+\/announce\n.*UDP tracker listening on \[::1\]:\d+\n/m,
      );
      await both.printed(
        / HTTP tracker listening on 0\.0\.0\.0:\d+\/announce\n.*HTTP tracker listening on \[::\]:\d+\/announce\n.*UDP tracker listening on 0\.0\.0\.0:\d+\n.*UDP tracker listening on \[::\]:\d+\n/m,
      );
    } finally {
      await Promise.all([six.kill(), both.kill()]);
    }
  });

  test('takes the same port for HTTP and UDP on both families', async () => {
    const { program, udpPort } = await startTracker();
    await program.kill();
    const words = ['--ipv6', '--http-port', String(udpPort), '--udp-port', String(udpPort)];
    const again = start(words);
    try {
      await again.printed(/Tracker running/);
    } finally {
      await again.kill();
    }
  });

  test('writes one JSON object a line with --log-format json', async () => {
    const program = start(['--http-port', 'any', '--udp-port', '0', '--log-format', 'json']);
    try {
      await program.printed(/Tracker running/);
      program.signal('SIGTERM');
      await program.exit();
      const lines = program.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.ok(lines.every((line) => line.level && line.time && line.msg));
      assert.equal(lines.at(-1).msg, 'Shutting down.');
    } finally {
      await program.kill();
    }
  });

  test('lives on after an exception that nothing caught, and after a promise that nobody looks at', async () => {
    // Not before the tracker runs: what is thrown while it starts must end it.
    const sign = join(directory, 'fail-now');
    const fault = (code: string) =>
      `data:text/javascript,import { existsSync } from 'node:fs';
      const look = setInterval(() => {
        if (!existsSync(${JSON.stringify(sign)})) return;
        clearInterval(look);
        ${code};
      }, 20);`;
    const faults = ["throw new Error('boom')", "Promise.reject(new Error('bang'))"];
    const imports = faults.flatMap((code) => ['--import', fault(code)]);
    const words = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', '0'];
    const program = startProgram(process.execPath, [...imports, mainScript, ...words]);
    try {
      const http = await program.printed(/:(\d+)\/announce/);
      await program.printed(/Tracker running/);
      writeFileSync(sign, '');
      await program.printed(/ Error: .* goes on: boom/m);
      await program.printed(/ Error: .* goes on: bang/m);
      assert.equal((await fetch(`http://127.0.0.1:${http[1]}/`)).status, 200);
      program.signal('SIGTERM');
      assert.deepEqual(await program.exit(), { code: 0, signal: null });
    } finally {
      await program.kill();
    }
  });

  test('finishes what is in flight when it is told to stop', async () => {
    const { program, httpPort } = await startTracker();
    const socket = connect(httpPort, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    try {
      const query = `info_hash=${'%41'.repeat(20)}&peer_id=-TT0000-000000000000&port=6881&left=1`;
      socket.write(`GET /announce?${query} HTTP/1.1\r\nHost: a\r\n`);
      await pause(200);
      program.signal('SIGTERM');
      await program.printed(/Shutting down/);
      socket.write('\r\n');
      assert.deepEqual(await program.exit(2000), { code: 0, signal: null });
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*8:intervali1800e/s);
    } finally {
      socket.destroy();
      await program.kill();
    }
  });

  test('exits at once on a second signal that is a person’s', async () => {
    const { program, httpPort } = await startTracker();
    const socket = connect(httpPort, '127.0.0.1');
    try {
      // A request that never ends holds the first signal up.
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n');
      await pause(200);
      program.signal('SIGINT');
      await program.printed(/Shutting down/);
      await pause(700);
      program.signal('SIGINT');
      assert.deepEqual(await program.exit(1500), { code: 1, signal: null });
    } finally {
      socket.destroy();
      await program.kill();
    }
  });

  test('goes on when nobody reads its log any more', async () => {
    const script = `"$0" "$1" --host 127.0.0.1 --http-port any --udp-port any --verbose & echo $! >&2; wait`;
    const shell = startProgram('sh', ['-c', `(${script}) | head -n 1`, process.execPath, mainScript], {
      group: true,
    });
    const deadline = Date.now() + 10_000;
    try {
      while (!/\d+\n/.test(shell.stderr) || !/HTTP tracker/.test(shell.stdout)) {
        assert.ok(Date.now() < deadline, shell.describe('did not start'));
        await pause(20);
      }
      const pid = Number(/\d+/.exec(shell.stderr)![0]);
      const port = /:(\d+)\/announce/.exec(shell.stdout)![1];
      for (let i = 0; i < 5; i++) assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
      process.kill(pid, 'SIGTERM');
    } finally {
      await shell.exit().finally(() => shell.kill());
    }
  });
});

test('npm start passes its options through, and a signal reaches the tracker', async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const options = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', '0', '--tracker-id', 'a b'];
  const program = startProgram('npm', ['start', '--', ...options], { cwd: root, group: true });
  try {
    await program.printed(/HTTP tracker listening on 127\.0\.0\.1:\d+\/announce\n.*Tracker running/s, 60_000);
    program.signal('SIGTERM');
    await program.exit();
    assert.match(program.stdout, / Shutting down\.$/m);
  } finally {
    await program.kill();
  }
});
