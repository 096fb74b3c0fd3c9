// The options of UDP past the kernel. Part of the table in options.ts.
import { option } from './option.ts';
import { onOff, texts } from './option-kinds.ts';

export const xdpOptions = {
  xdp: option<readonly string[]>({
    group: 'Listening',
    kind: texts('the name of a network interface', /^[^\s/]{1,15}$/),
    placeholder: 'INTERFACE',
    default: [],
    defaultText: 'none',
    example: ['eth0'],
    help:
      'Answer UDP that comes by this network interface from its own queues (AF_XDP), past the kernel; needs CAP_NET_ADMIN, ' +
      'CAP_NET_RAW and CAP_BPF. What cannot be taken so is answered through the sockets. Repeatable.',
  }),
  'no-xdp-shield': option<boolean>({
    group: 'Listening',
    kind: onOff(),
    default: false,
    help:
      'With --xdp: do not drop before it costs anything what no client sends, nor what is far above --rate-limit from one ' +
      "address that has proven to be its sender's.",
  }),
} as const;
