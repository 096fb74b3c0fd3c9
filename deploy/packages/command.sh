#!/bin/sh
# The runtime of the package caracal-node where it is installed, otherwise this system's.
node=/usr/lib/caracal-node/bin/node
[ -x "$node" ] || node=/usr/bin/node
exec "$node" /usr/lib/caracal/dist/src/@MAIN@ "$@"
