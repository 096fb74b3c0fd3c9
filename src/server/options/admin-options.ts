// The options of the admin door: where it opens and who may come in. Part of the table in options.ts.

import { option } from './option.ts';
import { address, hostNames, type Port, path, port } from './option-kinds.ts';

export const adminOptions = {
  'admin-port': option<Port | undefined>({
    group: 'Admin',
    kind: port(),
    placeholder: 'PORT',
    default: undefined,
    defaultText: 'disabled',
    example: 6970,
    help: 'Port for the dashboard, metrics and API. 0 disables it; "any" takes a free port.',
  }),
  'admin-host': option<string>({
    group: 'Admin',
    kind: address(),
    placeholder: 'ADDRESS',
    default: '127.0.0.1',
    help: 'Address that --admin-port binds; beyond loopback it needs --admin-token-file.',
  }),
  'admin-allowed-host': option<readonly string[]>({
    reload: true,
    group: 'Admin',
    kind: hostNames(),
    placeholder: 'NAME',
    default: [],
    defaultText: 'localhost and the addresses it listens on',
    example: ['tracker.example.net'],
    help: 'Host name by which the dashboard may be called. Repeatable.',
  }),
  'admin-token-file': option<string | undefined>({
    reload: true,
    group: 'Admin',
    kind: path(),
    placeholder: 'FILE',
    default: undefined,
    defaultText: 'none',
    example: '/etc/tracker/admin-token',
    help: 'File with the token for peers, actions and access from outside; at least 16 characters.',
  }),
  'admin-socket': option<string | undefined>({
    group: 'Admin',
    kind: path(),
    placeholder: 'PATH',
    default: undefined,
    defaultText: 'admin.sock in --data-dir',
    example: '/run/tracker/admin.sock',
    help: 'UNIX socket for the commands status, top, swarm, cluster, reload, snapshot, deny, undeny, denied and drop.',
  }),
} as const;
