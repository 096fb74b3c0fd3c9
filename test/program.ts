// A child process of a test: what it prints is kept, waiting for it is bounded, and it is always ended by its own id.
import { type ChildProcess, spawn } from 'node:child_process';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Leads a process group of its own, so that `kill` also ends what it started. */
  group?: boolean;
}

/** Starts a program with its output in pipes. A name that cannot be started rejects `exited`. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  return new Program(command, args, options);
}

export class Program {
  stdout = '';
  stderr = '';
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #hasClosed = false;
  readonly #command: string;
  readonly #group: boolean;

  constructor(command: string, args: readonly string[], { cwd, env, group = false }: ProgramOptions) {
    this.#group = group;
    this.#command = [command, ...args].join(' ');
    this.#child = spawn(command, args, {
      cwd,
      detached: group,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = keep(this.stdout + text);
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = keep(this.stderr + text);
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#hasClosed = true;
        resolve({ code, signal });
      });
    });
    // Whoever waits for it learns of it; nobody waiting is no crash of the test.
    this.exited.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /**
   * The first match in what it printed, or what a successor prints that has its pipes; rejects with its output when
   * nobody is left to print or `ms` pass without one.
   */
  async printed(pattern: RegExp, ms = 30_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + ms;
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match) return match;
      if (this.#hasClosed || Date.now() > deadline)
        throw new Error(this.describe(`did not print ${pattern}`));
      await pause(20);
    }
  }

  /** Its exit; rejects with its output when `ms` pass before. */
  async exit(ms = 30_000): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(this.describe(`still runs after ${ms} ms`))), ms);
    });
    return await Promise.race([this.exited, late]).finally(() => clearTimeout(timer));
  }

  /** Ends it, at once and for certain. */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined) return;
    if (this.#group) killGroup(this.#child.pid);
    else if (this.running) this.#child.kill('SIGKILL');
    await this.exited.catch(() => {});
  }

  describe(problem: string): string {
    return `${this.#command} ${problem}\nstdout: ${this.stdout.slice(-3000)}\nstderr: ${this.stderr.slice(-3000)}`;
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

// A chatty client must not fill the test's memory.
function keep(text: string): string {
  return text.length > 200_000 ? text.slice(-100_000) : text;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
