#!/bin/sh
# Brings what the tests of the group `browser` need from npm, and looks for the browser, which it does
# not install: who lacks it is told one line. `browser.sh --packages` prints the packages, for CI.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

packages="chromium fonts-liberation"
if [ "${1:-}" = --packages ]; then
    echo "$packages"
    exit 0
fi
if ! command -v "${KOLLEGIUM_CHROMIUM:-chromium}" >/dev/null; then
    echo "The group browser needs more than this checkout, not found: chromium" >&2
    echo "  sudo apt install $packages" >&2
    echo "(or KOLLEGIUM_CHROMIUM=/path/to/chrome)" >&2
    exit 1
fi
sh tests/clients.sh
