// What several other trackers have and this one has not, or has in another place, said in the same words of each.

export const webSocket =
  'WebTorrent is served here on every HTTP and HTTPS port: put the port and certificate of this file there by hand';
export const service = 'the unit of the service says as whom and where it runs (deploy/tracker.service)';
export const statistics =
  'figures are at the admin door: set admin-port, and from outside admin-host and admin-token-file; nothing is shown beside ' +
  '/announce';
export const logging =
  'the log says little by itself: verbose = true for a line a request, log-format = "json" for programs';
export const spoofing = 'the address in an announce is ignored: a peer is where its packet came from';
export const tuning = 'nothing to set here';
export const openToAll =
  'ATTENTION: there are no keys here, so whoever knows an info_hash may announce it; deny that at a proxy in front, or use ' +
  'allow-list';
