// The options of HTTPS: certificates, from files or an ACME authority, and the redirect. Part of the table in options.ts.

import { option } from './option.ts';
import { hostNames, httpsUrl, onOff, path, text, wholeNumber } from './option-kinds.ts';

const portPattern =
  '(?::(?:0{0,4}[1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?';
const domainPattern = new RegExp(`^(?:[A-Za-z0-9._-]+${portPattern}|\\[[0-9A-Fa-f:.]+\\]${portPattern})?$`);

export const httpsOptions = {
  cert: option<string | undefined>({
    reload: 'from one file to another',
    group: 'HTTPS',
    kind: path(),
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
    example: '/etc/ssl/acme/tracker.example.net/fullchain.cer',
    help: 'Certificate with its chain, PEM. Taken up anew when the file changes, and on SIGHUP.',
  }),
  key: option<string | undefined>({
    reload: 'from one file to another',
    group: 'HTTPS',
    kind: path(),
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
    example: '/etc/ssl/acme/tracker.example.net/tracker.example.net.key',
    help: 'Private key of the certificate, PEM.',
  }),
  'redirect-http': option<boolean>({
    group: 'HTTPS',
    kind: onOff(),
    default: false,
    help: 'Answer HTTP with a redirect to HTTPS, whatever the path.',
  }),
  domain: option<string>({
    reload: true,
    group: 'HTTPS',
    kind: text('a host name or host:port', domainPattern),
    placeholder: 'HOST[:PORT]',
    default: 'localhost',
    help: 'Public name for the Location of that redirect, used as given: with the HTTPS port unless that is 443.',
  }),
  'acme-domain': option<readonly string[]>({
    group: 'HTTPS',
    kind: hostNames(),
    placeholder: 'NAME',
    default: [],
    defaultText: 'none',
    example: ['tracker.example.net'],
    help:
      'Host name to obtain and renew a certificate for from an ACME authority, whose terms of service you accept ' +
      'thereby. The name must lead here, and port 80 must be reachable. Needs --data-dir. Repeatable.',
  }),
  'acme-email': option<string | undefined>({
    group: 'HTTPS',
    kind: text('an e-mail address', /^[^\s@,<>]+@[^\s@,<>]+$/),
    placeholder: 'ADDRESS',
    default: undefined,
    defaultText: 'none',
    example: 'admin@example.net',
    help: 'Where the ACME authority may write to.',
  }),
  'acme-directory': option<string>({
    group: 'HTTPS',
    kind: httpsUrl(),
    placeholder: 'URL',
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    defaultText: "Let's Encrypt",
    help: 'Directory of the ACME authority. A private one must be trusted through NODE_EXTRA_CA_CERTS.',
  }),
  'acme-http-port': option<number>({
    group: 'HTTPS',
    kind: wholeNumber(1, 65535),
    placeholder: 'PORT',
    default: 80,
    help:
      "Port on which the ACME authority's questions are answered (HTTP-01): the HTTP listener if it has that port, " +
      'or one opened for them. Authorities ask on port 80, so another one needs a port forwarding.',
  }),
} as const;
