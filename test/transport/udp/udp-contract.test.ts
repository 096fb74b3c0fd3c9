// Runs the transport contract over UDP, each way and each family.
import { describeTransport } from '../contract.ts';
import { UdpClient } from './udp-client.ts';
import { udpTransports } from './udp-trackers.ts';

for (const [name, start] of udpTransports) {
  for (const host of ['127.0.0.1', '::1']) {
    describeTransport(`${name}, ${host}`, async (tracker, store) => {
      const started = await start(host, tracker, store);
      const client = await UdpClient.open(host, started.port);
      return {
        addressPrefix: host === '::1' ? '[::1]:' : `${host}:`,
        announce: (question) => client.announce(question),
        scrape: (infoHashes) => client.scrape(infoHashes),
        async close() {
          await client.close();
          await started.close();
        },
      };
    });
  }
}
