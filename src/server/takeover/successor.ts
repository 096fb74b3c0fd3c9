// How a tracker has a new one take its place: the same program as it is installed now, with the same words.
import { spawn } from 'node:child_process';
import type { OwnedSocket } from './conversation.ts';

/** What belongs to this process only; the watchdog is to hear the new one. */
const ownVariables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'WATCHDOG_PID'];

/**
 * Starts it, among this one's processes, where systemd believes that it belongs to the service.
 * @param activated the sockets, where systemd opened them: it has to learn from them where to listen
 * @param failed told when it ended without having taken over
 */
export function startSuccessor(activated: readonly OwnedSocket[], failed: (reason: string) => void): void {
  const [program, script, ...words] = process.argv;
  const environment = { ...process.env };
  for (const name of ownVariables) delete environment[name];
  if (!words.includes('--takeover')) words.push('--takeover');
  const command = [program, ...process.execArgv, script, ...words];
  if (activated.length > 0) {
    environment.LISTEN_FDS = String(activated.length);
    environment.LISTEN_FDNAMES = activated.map(({ protocol }) => protocol.toLowerCase()).join(':');
    // Only the process itself knows its number, so the shell that it replaces writes it down.
    command.unshift('/bin/sh', '-c', 'LISTEN_PID=$$ exec "$0" "$@"');
  }
  const child = spawn(command[0], command.slice(1), {
    env: environment,
    stdio: ['inherit', 'inherit', 'inherit', ...activated.map(({ descriptor }) => descriptor)],
  });
  child.on('error', (error) => failed(error.message));
  child.on('exit', (code, signal) => failed(`it ended with ${signal ?? code}`));
  child.unref();
}
