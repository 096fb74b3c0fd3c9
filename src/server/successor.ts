// How a tracker has a new one take its place: the same program as it is installed now, with the same words.
import { spawn } from 'node:child_process';

/** What belongs to this process only: systemd's sockets come from this one, and the watchdog is to hear the new one. */
const ownVariables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'WATCHDOG_PID'];

/**
 * Starts it, among this one's processes, where systemd believes that it belongs to the service.
 * @param failed told when it ended without having taken over
 */
export function startSuccessor(failed: (reason: string) => void): void {
  const [program, script, ...words] = process.argv;
  const environment = { ...process.env };
  for (const name of ownVariables) delete environment[name];
  if (!words.includes('--takeover')) words.push('--takeover');
  const child = spawn(program!, [...process.execArgv, script!, ...words], {
    env: environment,
    stdio: 'inherit',
  });
  child.on('error', (error) => failed(error.message));
  child.on('exit', (code, signal) => failed(`it ended with ${signal ?? code}`));
  child.unref();
}
