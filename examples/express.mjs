// A tracker in an Express application: HTTP and WebTorrent on the application's own port, UDP beside it, one swarm for all.
import { createTracker } from 'caracal';
import express from 'express';

const members = new Set(['secret-of-alice', 'secret-of-bob']);

const tracker = createTracker({ http: false, udp: Number(process.env.UDP_PORT ?? 6969) });
tracker.on('warning', ({ message, fields }) => console.warn(message, fields));
await tracker.listen();

const app = express();
app.get('/', (_request, response) => response.json(tracker.stats()));
// Public: /announce and /scrape. Whatever else comes here goes on to the next handler.
app.use((request, response, next) => {
  if (!tracker.handleHttp(request, response, { ip: request.ip })) next();
});
// Private: a route of your own, after your own check.
app.get('/:key/private', (request, response) => {
  if (!members.has(request.params.key)) return response.status(403).end();
  tracker.handleHttp(request, response, { ip: request.ip, action: 'announce' });
});

const server = app.listen(Number(process.env.PORT ?? 8000), () => {
  console.log(`http://127.0.0.1:${server.address().port}/announce`, ...tracker.announceUrls);
});
server.on('upgrade', (request, socket, head) => {
  if (!tracker.handleUpgrade(request, socket, head)) socket.destroy();
});

process.once('SIGTERM', async () => {
  server.close();
  await tracker.close();
});
