#!/bin/sh
# Resolves the dependencies of pyproject.toml anew into the locks (needs uv): what running needs,
# what the tests need besides, and what the benchmark needs. All agree on every version.
# The locks name no index: they install from any mirror that carries the same files.
#
#   lock.sh            every package to its newest release that fits
#   lock.sh --keep     the versions that are locked, as far as they still fit
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

upgrade=--upgrade
[ "${1:-}" != --keep ] || upgrade=

compile() {
    uv pip compile "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet
}

# The larger one first: what the tests cannot use is not for running either.
compile pyproject.toml --extra embedded --extra checkout --extra dev $upgrade \
    --output-file tests/requirements.lock
compile pyproject.toml --extra embedded --extra checkout --constraint tests/requirements.lock \
    --upgrade --output-file requirements.lock
compile pyproject.toml --extra bench --constraint tests/requirements.lock --upgrade \
    --output-file bench/requirements.lock
compile tests/clients/requirements.in $upgrade --output-file tests/clients/requirements.lock
for peer in orm django; do
    compile "bench/peers/$peer/requirements.in" $upgrade --output-file "bench/peers/$peer/requirements.lock"
done
