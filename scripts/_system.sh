# Sourced by scripts/test, from the project's root: what the tests need of the system and pip can't bring.
# shellcheck shell=bash

# system_ready: installs Debian's pgbouncer if it is not there, which takes root; without it its tests fail and say so.
system_ready() {
    if PATH=$PATH:/usr/sbin command -v pgbouncer > /dev/null; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        echo "The tests of the pooler need PgBouncer: install the package pgbouncer" >&2
        return 0
    fi
    echo "Installing pgbouncer" >&2
    apt-get -o Acquire::Retries=5 update -qq || return 0
    DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -qq -y --no-install-recommends pgbouncer > /dev/null || return 0
}
