#!/bin/sh
# Is everything here that the tests of the group `peers` start? Installs nothing: who lacks
# something is told one line. `peers.sh --packages` prints the packages, for CI.
set -eu

packages="gcc libc6-dev nginx-light pgbouncer postgresql wrk"
if [ "${1:-}" = --packages ]; then
    echo "$packages"
    exit 0
fi

missing=
has() { # package, files or programs that it brings
    package=$1
    shift
    for file in "$@"; do
        # Debian puts servers where only root looks.
        if [ -e "$file" ] || (PATH=$PATH:/usr/sbin:/usr/local/sbin; command -v "$file" >/dev/null); then
            return
        fi
    done
    missing="$missing $package"
}
has gcc cc
has libc6-dev /usr/include/stdio.h
has nginx-light nginx # the proxy of deploy/
has pgbouncer pgbouncer # the pooler that the context has to survive
has postgresql /usr/lib/postgresql/*/bin/postgres # the server on which the wall is proved again
has wrk wrk # a load generator of the benchmark

if [ -n "$missing" ]; then
    echo "The group peers needs more than this checkout, not found:$missing" >&2
    echo "  sudo apt install $packages" >&2
    exit 1
fi
