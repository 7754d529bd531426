# Sourced by scripts/test, from the project's root: a run of pytest that can't hang for ever.
# shellcheck shell=bash

# pytest-timeout ends a test that hangs and says where. This is for what it can't: collecting, threads that keep the
# process from ending. Several times what the longest stage takes; all of CI has 90 minutes.
PYTEST_LIMIT_S=1800

# pytest_in_time ARGUMENTS…: runs pytest; past the limit every thread's stack is printed (pytest takes SIGABRT so).
pytest_in_time() {
    if ! command -v timeout >/dev/null; then
        .venv/bin/python -m pytest "$@"
        return
    fi
    timeout --foreground --signal=ABRT --kill-after=30 "$PYTEST_LIMIT_S" .venv/bin/python -m pytest "$@"
}
