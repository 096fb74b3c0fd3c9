// Starts the built tracker-server as its operator does, on ports that the system chooses.
import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from './program.ts';

export const mainScript = fileURLToPath(new URL('../src/server/main.js', import.meta.url));

export interface TrackerProgram {
  program: Program;
  httpPort: number;
  udpPort: number;
  /** 0 without HTTPS. */
  httpsPort: number;
}

/** A tracker on 127.0.0.1 that is ready to answer, with these options, and variables of its environment, besides. */
export async function startTracker(
  options: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<TrackerProgram> {
  const listening = ['--host', '127.0.0.1', '--http-port', 'any', '--udp-port', 'any'];
  const program = startProgram(process.execPath, [mainScript, ...listening, ...options], { env });
  try {
    // On a machine that does much else a start has taken more than ten seconds.
    await program.printed(/Tracker running/, 30_000);
    const http = await program.printed(/HTTP (?:tracker|redirect to \S+) listening on 127\.0\.0\.1:(\d+)/);
    const https = /HTTPS tracker listening on 127\.0\.0\.1:(\d+)/.exec(program.stdout);
    const udp = await program.printed(/UDP tracker listening on 127\.0\.0\.1:(\d+)/);
    return {
      program,
      httpPort: Number(http[1]),
      udpPort: Number(udp[1]),
      httpsPort: Number(https?.[1] ?? 0),
    };
  } catch (error) {
    await program.kill();
    throw error;
  }
}
