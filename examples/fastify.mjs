// A tracker in a Fastify application, which ends with it.
import { createTracker } from 'caracal';
import fastify from 'fastify';

const tracker = createTracker({ udp: false, http: false });
await tracker.listen();

const app = fastify();
for (const action of ['announce', 'scrape']) {
  app.get(`/${action}`, (request, reply) => {
    // From here on the answer is the tracker's.
    reply.hijack();
    tracker.handleHttp(request.raw, reply.raw, { ip: request.ip, action });
  });
}
app.get('/swarms/:infoHash', (request) => tracker.swarm(request.params.infoHash) ?? { peers: [] });
app.server.on('upgrade', (request, socket, head) => {
  if (!tracker.handleUpgrade(request, socket, head)) socket.destroy();
});
app.addHook('onClose', () => tracker.close());

await app.listen({ port: Number(process.env.PORT ?? 8000) });
console.log(`http://127.0.0.1:${app.server.address().port}/announce`);

process.once('SIGTERM', () => app.close());
