# Sourced by the other scripts, from the project's root: makes .venv and installs what is pinned.
# shellcheck shell=bash

# A digest of all that the environment depends on: the Python, the pins, the project's own entry points.
_venv_stamp() {
    { .venv/bin/python -VV; cat "requirements/$1.txt" pyproject.toml; pwd; } | .venv/bin/python -c \
        'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

# venv_ready runtime|dev: leaves .venv with at least that set in it; instant when it is there already.
venv_ready() {
    local set=$1 stamp
    if [ ! -x .venv/bin/python ]; then
        "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
            echo "pgmcp needs Python 3.11 or later; name one with PYTHON=…" >&2
            return 1
        }
        echo "Making .venv" >&2
        "${PYTHON:-python3}" -m venv .venv || return 1
    fi
    stamp=$(_venv_stamp "$set")
    if [ "$(cat ".venv/.pgmcp-$set" 2>/dev/null)" = "$stamp" ]; then
        return 0
    fi
    echo "Installing what requirements/$set.txt pins" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$set.txt" ||
        return 1
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . ||
        return 1
    echo "$stamp" > ".venv/.pgmcp-$set"
    if [ "$set" = dev ]; then # dev holds all of runtime
        _venv_stamp runtime > .venv/.pgmcp-runtime
    fi
}
