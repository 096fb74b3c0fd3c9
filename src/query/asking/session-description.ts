// Knows how to write an offer or an answer for a WebRTC data channel that every client can read, though nobody will connect by it.
import { randomBytes } from 'node:crypto';

/** An SDP without candidates: whoever takes it up tries to reach nobody. */
export function createDescription(type: 'offer' | 'answer'): string {
  const fingerprint = randomBytes(32)
    .toString('hex')
    .toUpperCase()
    .replace(/..(?!$)/g, '$&:');
  const lines = [
    'v=0',
    `o=- ${randomBytes(6).readUIntBE(0, 6)} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=msid-semantic: WMS',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${randomBytes(3).toString('base64url')}`,
    `a=ice-pwd:${randomBytes(18).toString('base64url').replaceAll(/[-_]/g, '0')}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${type === 'offer' ? 'actpass' : 'active'}`,
    'a=mid:0',
    'a=sctp-port:5000',
    'a=max-message-size:262144',
  ];
  return `${lines.join('\r\n')}\r\n`.replace(/a=ice-ufrag:.*/, (line) => line.replaceAll(/[-_]/g, '0'));
}
