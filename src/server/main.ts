#!/usr/bin/env node
// tracker-server: hears signals before anything else is loaded, and then does what the command line says.
import './life/early-signals.ts';
import '../cli/typescript-lines.ts';

const { runProgram } = await import('./program.ts');
await runProgram(process.argv.slice(2), process.env);
