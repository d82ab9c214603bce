#!/usr/bin/env bash
# System packages that the tests start as real peers. As root on Debian/Ubuntu what is missing is
# installed; elsewhere this says what to install and goes on, and the tests that need it fail with
# the package's name. --newest also brings installed ones to their newest patch.
set -euo pipefail

# package -> a file it brings. postgresql-15: the second server of the policy suite; pgbouncer: the
# pooler that the context has to survive; nginx-light: the proxy of deploy/; openssl: certificates;
# wrk, gcc and libc6-dev: the load generators of the benchmark.
declare -A packages=(
    [pgbouncer]=/usr/sbin/pgbouncer
    [nginx-light]=/usr/sbin/nginx
    [openssl]=/usr/bin/openssl
    [wrk]=/usr/bin/wrk
    [gcc]=/usr/bin/gcc
    [libc6-dev]=/usr/include/stdio.h
    [postgresql-15]=/usr/lib/postgresql/15/bin/postgres
)

wanted=()
for package in "${!packages[@]}"; do
    if [ "${1:-}" = --newest ] || [ ! -e "${packages[$package]}" ]; then
        wanted+=("$package")
    fi
done
if [ ${#wanted[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not installed, because that needs root and apt-get: ${wanted[*]}. The tests use them when present."
    exit 0
fi
echo "Installing system packages for the tests: ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1 || echo "apt-get update failed; trying with the lists at hand"
for package in "${wanted[@]}"; do
    # One at a time, so that a package this release does not have does not stop the others.
    if ! output=$(apt-get install -y -qq --no-install-recommends "$package" 2>&1); then
        echo "could not install $package: $(tail -n 1 <<<"$output")"
    fi
done
