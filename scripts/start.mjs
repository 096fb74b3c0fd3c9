// `npm start`: make the checkout ready, then become the tracker (same process, so signals reach it directly).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, root } from './bootstrap.mjs';

await bootstrap();

// npm runs this below a shell that dies of SIGTERM without passing it on; the tracker must not outlive it unseen.
if (process.env.npm_lifecycle_event !== undefined) {
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  timer.unref();
}

process.argv[1] = join(root, 'dist', 'src', 'server', 'main.js');
await import(pathToFileURL(process.argv[1]).href);
