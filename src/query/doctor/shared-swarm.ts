// Checks that all addresses of a tracker serve one swarm: a peer that announces to one is counted at the others.
import { type Examination, withVisitors } from './examination.ts';

export async function checkSharedSwarm(examination: Examination): Promise<void> {
  const [here, ...others] = examination.working;
  if (!here || others.length === 0) return;
  const infoHash = examination.createInfoHash();
  const visitors = [here, ...others].map((endpoint) => examination.createVisitor(endpoint));
  await withVisitors(visitors, async () => {
    const [a, ...others] = visitors;
    await a.announce(infoHash, 'started');
    for (const b of others) {
      const { answer } = await b.announce(infoHash, 'started');
      const count = (answer.complete ?? 0) + (answer.incomplete ?? 0);
      const subject = `${here.address} and ${b.endpoint.address}`;
      // Every earlier visitor is still there, and b counts itself.
      if (count >= 2) examination.pass('shared-swarm', subject, 'count the peers of one and the same swarm');
      else if (b.endpoint.family !== here.family) {
        const seen = 'count their peers apart: IPv4 and IPv6 clients do not see each other\u2019s number';
        examination.skip('shared-swarm', subject, seen);
      } else {
        const advice = 'serve both addresses from one tracker, or its peers do not find each other';
        examination.warn(
          'shared-swarm',
          subject,
          'a peer announced to one is not counted at the other',
          advice,
        );
      }
    }
  });
}
