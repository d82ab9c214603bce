#!/bin/sh
# setup.sh {run|tests}: builds .venv/ with what running needs, or with what the tests need besides.
#
# Nothing is done when that is there already: a stamp names the checkout's path (scripts in .venv/
# contain it, so a copied or moved checkout begins anew) and the sums of the files it was built from.
# POSIX sh without arrays and the like: macOS brings bash 3.2 and make 3.81, Debian's sh is dash.
#
# An interpreter of your own: PYTHON=/opt/python/bin/python3. Another place: VENV=.venv-other.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

size=$1
venv=${VENV:-.venv}
case $size in
    run) lock=requirements.lock ;;
    tests) lock=tests/requirements.lock ;;
    *) echo "usage: setup.sh {run|tests}" >&2; exit 2 ;;
esac
bin=$venv/bin
built_from() { pwd -P; cksum "$1" pyproject.toml; }
stamp() { echo "$venv/.ready-to-$1"; }
ready() { [ -f "$(stamp "$size")" ] && [ "$(cat "$(stamp "$size")")" = "$(built_from "$lock")" ]; }
usable() { "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
pip() { "$bin/python" -I -m pip --quiet --disable-pip-version-check "$@"; }

# The environment as it lies there, or made anew when it is another checkout's or does not start.
sound() {
    usable "$bin/python" && "$bin/python" -I -m pip --version >/dev/null 2>&1 || return 1
    for one in "$(stamp run)" "$(stamp tests)"; do
        [ ! -f "$one" ] || [ "$(head -n 1 "$one")" = "$(pwd -P)" ] || return 1
    done
}

# Interpreters that do not start (a version manager's empty shim, one in another user's home) are
# passed over. uv serves only where Python came without venv: pip alone honours pip.conf.
make_venv() {
    found=
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3}; do
        if usable "$candidate"; then found=$candidate; break; fi
    done
    if [ -z "$found" ]; then
        echo "No Python >= 3.11 found. Debian/Ubuntu: apt install make python3-venv curl" >&2
        exit 1
    elif "$found" -I -c 'import venv, ensurepip' >/dev/null 2>&1; then
        "$found" -I -m venv --clear "$venv"
    elif command -v uv >/dev/null 2>&1; then
        uv venv --quiet --clear --seed --python "$found" "$venv"
    else
        echo "$found has no venv module. Debian/Ubuntu: apt install make python3-venv curl" >&2
        exit 1
    fi
}

if ready; then exit 0; fi
sound || make_venv
echo "Installing into $venv/ (about a minute the first time) ..."
# Python compiles what is imported, when it is; all of it would take as long as a fourth of this.
pip install --no-compile --require-hashes --only-binary :all: --requirement "$lock"
pip install --no-deps --no-build-isolation --editable .
built_from "$lock" >"$(stamp "$size")"
# Both locks agree, so who can test can run.
[ "$size" = run ] || built_from requirements.lock >"$(stamp run)"
