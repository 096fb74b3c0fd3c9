// caracal import as a process: its words, streams and exit code.
import '../cli/typescript-lines.ts';
import { runImport } from './run-import.ts';

process.exitCode = await runImport(process.argv.slice(3), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
});
