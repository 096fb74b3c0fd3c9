// A WebTorrent tracker beside an application's own WebSockets and pages, for torrents that the application knows.
import { createServer } from 'node:http';
import { createTracker } from 'caracal';

/** Stands for your database. */
async function isRoom(infoHash) {
  return infoHash.startsWith('0102');
}

const tracker = createTracker({
  udp: false,
  http: false,
  interval: 120,
  filter: async ({ infoHash }) => (await isRoom(infoHash)) || 'no such room',
});
tracker.on('start', ({ infoHash, ip }) => console.log(`${ip} has joined ${infoHash}`));
await tracker.listen();

const server = createServer((_request, response) => response.end('the application'));
server.on('upgrade', (request, socket, head) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/tracker' && searchParams.get('token') === 'let-me-in')
    tracker.handleUpgrade(request, socket, head);
  else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
});
server.listen(Number(process.env.PORT ?? 8000), () => {
  console.log(`ws://127.0.0.1:${server.address().port}/tracker?token=let-me-in`);
});

process.once('SIGTERM', async () => {
  server.close();
  await tracker.close();
});
