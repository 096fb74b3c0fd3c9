// Every signal at every moment of a tracker's life: none of them ends it that should not, and none is lost.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { takeoverVersion } from '../../../src/server/takeover/conversation.ts';
import { fastPath } from '../../net/fast-path.ts';
import { type Program, pause, startProgram } from '../../program.ts';
import { mainScript } from '../../tracker-program.ts';

const root = mkdtempSync(join(tmpdir(), 'caracal-signals-'));
after(() => rmSync(root, { recursive: true }));

const token = 'a-token-that-is-long-enough';
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const;
type Signal = (typeof signals)[number];

/** A file that whoever reads it waits for: it holds the tracker at one moment of its start. */
class Gate {
  readonly path: string;
  #fd = -1;

  constructor(path: string) {
    this.path = path;
    const { status } = spawnSync('mkfifo', [path]);
    assert.equal(status, 0, 'mkfifo');
  }

  /** Resolves when the tracker reads it. */
  async reached(program: Program): Promise<void> {
    for (let tries = 0; this.#fd < 0; tries++) {
      assert.ok(tries < 500 && program.running, program.describe(`never read ${this.path}`));
      try {
        this.#fd = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch {
        await pause(20);
      }
    }
  }

  open(text: string): void {
    // Whoever reads it a second time must not wait again.
    writeFileSync(`${this.path}.whole`, text, { mode: 0o600 });
    renameSync(`${this.path}.whole`, this.path);
    if (text !== '') writeSync(this.#fd, text);
    closeSync(this.#fd);
  }
}

interface Scene {
  dataDir: string;
  program: Program;
  httpPort(): Promise<number>;
}

function start(test: TestContext, dataDir: string, words: readonly string[] = []): Scene {
  const program = startProgram(
    process.execPath,
    [
      ...[mainScript, '--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any', '--workers', '1'],
      ...['--memory-limit', '16MiB', '--data-dir', dataDir, ...words],
    ],
    { group: true },
  );
  test.after(() => program.kill());
  const httpPort = async () => Number((await program.printed(/HTTP tracker listening on [\d.]+:(\d+)/))[1]);
  return { dataDir, program, httpPort };
}

async function started(test: TestContext, dataDir: string): Promise<Scene> {
  const scene = start(test, dataDir);
  await scene.program.printed(/Tracker running/);
  return scene;
}

async function answers(scene: Scene): Promise<boolean> {
  const port = await scene.httpPort();
  const query = `info_hash=${'a'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=7001&left=1`;
  const request = get({ host: '127.0.0.1', port, path: `/announce?${query}`, agent: false });
  const [response] = (await once(request, 'response', { signal: AbortSignal.timeout(5000) })) as [
    NodeJS.ReadableStream & { statusCode: number },
  ];
  response.resume();
  return response.statusCode === 200;
}

const take = `take ${takeoverVersion}`;

/** A new tracker that says these words and then keeps silent. */
async function knock(test: TestContext, { dataDir }: Scene, words: readonly string[]): Promise<Socket> {
  const socket = connect(join(dataDir, 'takeover.sock'));
  test.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const word of words) {
    socket.write(`${word}\n`);
    await once(socket, 'data', { signal: AbortSignal.timeout(5000) });
  }
  return socket;
}

/** What has to come of a signal. */
const outcomes = {
  /** As of any program to which nothing has happened yet. */
  killed: async ({ program }: Scene, signal: Signal) => assert.equal((await program.exit()).signal, signal),
  ends: async ({ program }: Scene) => {
    assert.equal((await program.exit()).code, 0, program.describe('ended wrongly'));
    assert.match(program.stdout, /Shutting down/);
    assert.match(program.stdout, /Saved \d+ peers?/);
  },
  reloads: async (scene: Scene) => {
    await scene.program.printed(/SIGHUP: (?:there is nothing to reload|no setting has changed)/);
    assert.ok(await answers(scene));
  },
  goesOn: async (scene: Scene) => {
    await scene.program.printed(/Tracker running/);
    // Time in which it would end.
    await pause(100);
    assert.ok(scene.program.running, scene.program.describe('ended'));
    assert.ok(await answers(scene));
  },
  succeeds: async ({ program }: Scene) => {
    await program.printed(/Another tracker serves now/);
    // Its output goes on: the new tracker has it too.
    for (let tries = 0; program.running; tries++) {
      assert.ok(tries < 250, program.describe('still runs'));
      await pause(20);
    }
    assert.match(program.stdout, /Took the other tracker's place/);
  },
  successorIsTurnedAway: async (scene: Scene) => {
    await scene.program.printed(/the new tracker did not take over: it ended with 1/);
    assert.ok(await answers(scene));
  },
  servesAgain: async (scene: Scene) => {
    await scene.program.printed(/this one serves again/);
    assert.ok(await answers(scene));
  },
} as const;
type Outcome = keyof typeof outcomes;

interface Moment {
  name: string;
  /** Brings a tracker to it; what is returned lets the tracker go on. */
  reach(test: TestContext, dataDir: string): Promise<{ scene: Scene; goOn: () => void }>;
  outcomes: Record<Signal, Outcome>;
}

/** Held at a file that one of its options names. */
function heldAt(option: string, file: string, text: string): Moment['reach'] {
  return async (test, dataDir) => {
    const gate = new Gate(join(dataDir, file));
    const scene = start(test, dataDir, option === '' ? [] : [option, gate.path]);
    await gate.reached(scene.program);
    return { scene, goOn: () => gate.open(text) };
  };
}

const whileStarting: Moment['outcomes'] = {
  SIGINT: 'ends',
  SIGTERM: 'ends',
  SIGHUP: 'reloads',
  SIGUSR1: 'goesOn',
  SIGUSR2: 'succeeds',
  SIGPIPE: 'goesOn',
};

const moments: Moment[] = [
  {
    name: 'before its options are read',
    reach: heldAt('--config', 'settings.toml', 'interval = 900\n'),
    outcomes: { ...whileStarting, SIGINT: 'killed', SIGTERM: 'killed' },
  },
  {
    name: 'before its sockets are open',
    reach: heldAt('--deny-list', 'denied', ''),
    outcomes: { ...whileStarting, SIGHUP: 'goesOn' },
  },
  {
    name: 'while a snapshot loads',
    reach: heldAt('', 'swarms.snapshot', ''),
    outcomes: whileStarting,
  },
  {
    name: 'while sockets are open and not everything else',
    reach: heldAt('--admin-token-file', 'token', `${token}\n`),
    outcomes: whileStarting,
  },
  {
    name: 'while it runs',
    reach: async (test, dataDir) => ({ scene: await started(test, dataDir), goOn: () => {} }),
    outcomes: whileStarting,
  },
  {
    name: 'while another tracker copies its swarms',
    reach: async (test, dataDir) => {
      const scene = await started(test, dataDir);
      await knock(test, scene, [take, 'copy']);
      return { scene, goOn: () => {} };
    },
    outcomes: { ...whileStarting, SIGUSR2: 'successorIsTurnedAway' },
  },
  {
    name: 'when it has stopped for another tracker, which breaks off',
    reach: async (test, dataDir) => {
      const scene = await started(test, dataDir);
      const socket = await knock(test, scene, [take, 'copy', 'ready']);
      return { scene, goOn: () => socket.destroy() };
    },
    outcomes: {
      SIGINT: 'ends',
      SIGTERM: 'ends',
      SIGHUP: 'reloads',
      SIGUSR1: 'servesAgain',
      SIGUSR2: 'servesAgain',
      SIGPIPE: 'servesAgain',
    },
  },
  {
    name: 'while it ends',
    reach: async (test, dataDir) => {
      const scene = await started(test, dataDir);
      const port = await scene.httpPort();
      // Half a request: it is waited for.
      const socket = connect(port, '127.0.0.1');
      test.after(() => socket.destroy());
      socket.on('error', () => {});
      socket.write('GET /announce HTTP/1.1\r\n');
      await pause(100);
      scene.program.signal('SIGTERM');
      await scene.program.printed(/Shutting down/);
      return { scene, goOn: () => socket.destroy() };
    },
    outcomes: {
      SIGINT: 'ends',
      SIGTERM: 'ends',
      SIGHUP: 'ends',
      SIGUSR1: 'ends',
      SIGUSR2: 'ends',
      SIGPIPE: 'ends',
    },
  },
];

for (const moment of moments) {
  describe(`a tracker that gets a signal ${moment.name}`, { ...fastPath, concurrency: 3 }, () => {
    for (const signal of signals) {
      const outcome = moment.outcomes[signal];
      test(`${signal}: ${outcome}`, async (test) => {
        const { scene, goOn } = await moment.reach(test, mkdtempSync(join(root, 'data-')));
        scene.program.signal(signal);
        // Time in which a signal that nobody hears would end it.
        await pause(150);
        if (outcome !== 'killed') goOn();
        await outcomes[outcome](scene, signal);
        assert.doesNotMatch(scene.program.stdout + scene.program.stderr, /exception|Debugger/);
      });
    }
  });
}
