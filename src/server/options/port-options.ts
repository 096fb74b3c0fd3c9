// The option of each transport's port, made from what the transport says of itself. Part of the table in options.ts.
import type { ListenPort } from '../../transport/description.ts';
import { type ListeningTransport, listeningTransports } from '../../transport/transports.ts';
import type { Option } from './option.ts';
import { type OneOrMore, type Port, ports } from './option-kinds.ts';

type PortOptions = {
  [T in ListeningTransport as `${T['name']}-port`]: Option<
    T['port']['default'] extends number ? OneOrMore<Port> : OneOrMore<Port> | undefined
  >;
};

/** By title; one that needs options of HTTPS is listed with them. */
export const portOptions = Object.fromEntries(
  [...listeningTransports]
    .sort((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ name, title, port }) => [`${name}-port`, portOption(title, port)]),
) as unknown as PortOptions;

function portOption(
  title: string,
  { default: value, needs, example }: ListenPort,
): Option<OneOrMore<Port> | undefined> {
  return {
    group: needs === undefined ? 'Listening' : 'HTTPS',
    kind: ports(),
    placeholder: 'PORT',
    default: value,
    ...(value === undefined && { defaultText: 'disabled' }),
    ...(example !== undefined && { example }),
    help: `${title} listen port${needs === undefined ? '' : `; needs ${needs}`}. 0 disables ${title}; "any" takes a free port. Repeatable.`,
  };
}
