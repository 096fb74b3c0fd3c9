// What systemd is told while the tracker lives: that it is ready, reloads, stops, and, for the watchdog, is well.
import { spawn } from 'node:child_process';
import { loadSystemCalls, type SystemCallsOrReason } from '../../net/system-calls.ts';
import { sendUnixDatagram } from '../../net/unix-datagram.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Delivers one notification, and never throws or waits. */
type Send = (payload: string) => void;

/** More than the time after which a save that does not go on is given up. */
const stillStoppingMs = 40_000;

/** sd_notify(3). Where no service manager asked to be told, every method does nothing. */
export class ServiceManager {
  readonly #send: Send;
  readonly #watchdogMs: number | undefined;
  #watchdog: NodeJS.Timeout | undefined;

  /** @param warn told once why notifications cannot be sent, when they were asked for */
  constructor(
    environment: Environment,
    warn: (message: string) => void,
    systemCalls: () => SystemCallsOrReason = loadSystemCalls,
  ) {
    const path = environment.NOTIFY_SOCKET;
    this.#send = path === undefined || path === '' ? () => {} : createSender(path, systemCalls(), warn);
    this.#watchdogMs = path ? watchdogMs(environment) : undefined;
  }

  /** @param pid this process, where it is not the one that systemd started */
  ready(status: string, pid?: number): void {
    this.#send(`READY=1\nSTATUS=${oneLine(status)}${pid === undefined ? '' : `\nMAINPID=${pid}`}`);
  }

  /** Another process is the service now; systemd hears it from the one that it knows. */
  succeededBy(pid: number): void {
    clearInterval(this.#watchdog);
    this.#send(`MAINPID=${pid}`);
  }

  /** `ready` is to follow once everything is read again. */
  reloading(): void {
    // CLOCK_MONOTONIC, which is what hrtime reads: systemd compares it with the moment it asked.
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  stopping(): void {
    clearInterval(this.#watchdog);
    this.#send('STOPPING=1\nSTATUS=Shutting down.');
  }

  /** It takes longer than a unit usually allows; to be said again within the time that it asks for. */
  stillStopping(): void {
    this.#send(`EXTEND_TIMEOUT_USEC=${stillStoppingMs * 1000}`);
  }

  status(text: string): void {
    this.#send(`STATUS=${oneLine(text)}`);
  }

  /**
   * Pings the watchdog, if there is one, thrice in its time, as long as `isWell` says so. That the timer runs at all
   * shows that the main loop lives.
   */
  startWatchdog(isWell: () => boolean): void {
    if (this.#watchdogMs === undefined) return;
    const ping = () => {
      if (isWell()) this.#send('WATCHDOG=1');
    };
    this.#watchdog = setInterval(ping, this.#watchdogMs / 3).unref();
  }
}

function watchdogMs(environment: Environment): number | undefined {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid } = environment;
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  return /^[1-9][0-9]{0,14}$/.test(microseconds) ? Number(microseconds) / 1000 : undefined;
}

function createSender(path: string, systemCalls: SystemCallsOrReason, warn: (message: string) => void): Send {
  let warned = false;
  const warnOnce = (reason: string) => {
    if (!warned) warn(`systemd cannot be told how the tracker is: ${reason}`);
    warned = true;
  };
  const { calls, reason } = systemCalls;
  if (!calls) return spawnSender(path, (error) => warnOnce(`${reason}, and ${error}`));
  return (payload) => {
    try {
      sendUnixDatagram(calls, path, payload);
    } catch (error) {
      warnOnce((error as Error).message);
    }
  };
}

/** Node has no datagrams for Unix sockets; systemd brings a command that has. One at a time, so that none overtakes. */
function spawnSender(path: string, failed: (reason: string) => void): Send {
  let last = Promise.resolve();
  const notify = (payload: string) =>
    new Promise<void>((resolve) => {
      const child = spawn('systemd-notify', payload.split('\n'), {
        env: { ...process.env, NOTIFY_SOCKET: path },
        stdio: 'ignore',
      });
      child.on('error', (error) => {
        failed(error.message);
        resolve();
      });
      child.on('exit', (code) => {
        if (code !== 0) failed(`systemd-notify ended with ${code}`);
        resolve();
      });
    });
  return (payload) => {
    last = last.then(() => notify(payload));
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f]/g, ' ');
}
