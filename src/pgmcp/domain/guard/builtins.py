"""Functions of PostgreSQL and of its extensions, judged by who they really are.

What a name in a statement resolves to is known here, so that a user's function of such a name is not mistaken for it.
Source: PostgreSQL documentation, chapter 9 and appendix F; `pg_proc.dat` of versions 15 to 18.
"""

from __future__ import annotations

import re

from pgmcp.domain.guard.resolution import UsedFunction, Volatility
from pgmcp.domain.sql.functions import refused

# Volatile and yet harmless: they give another value each time, or take time, which the limits on time end.
_HARMLESS = re.compile(
    r"random(_normal)?|clock_timestamp|timeofday|gen_random_uuid|uuidv[47]|array_(shuffle|sample)"
    r"|current_query|bernoulli|system|pg_sleep(_for|_until)?|pg_jit_available|pg_is_in_recovery"
)
# They count, so only what writes may use them.
SEQUENCES = frozenset({"nextval", "currval", "lastval", "setval"})
# They tell what this session has counted, and count nothing.
_REMEMBERING = frozenset({"currval", "lastval"})
# Volatile, as what they tell changes; they tell of the server, its relations and its sessions and change nothing.
_TELLING = re.compile(
    r"pg_(\w+_size|lock_status|stat_get_\w+|stat_have_stats|(safe_snapshot_)?blocking_pids|get_(?!wal_replay)\w+"
    r"|is_wal_replay_paused|get_wal_replay_pause_state|current_wal_\w+|last_\w+|partition_\w+|sequence_last_value"
    r"|(database_)?collation_actual_version|control_\w+|xact_\w+|prepared_xact|available_wal_summaries"
    r"|show_replication_origin_status|replication_origin_progress|notification_queue_usage|cursor|timezone_\w+"
    r"|prepared_statement|wal_summary_contents)|txid_status"
)
# Stable, and they tell of settings, definitions, privileges, sizes or sessions: that may be what a policy hides.
_REVEALING = re.compile(
    r"_?pg_\w+|has_\w+|to_reg\w+|\w+_description|inet_(client|server)_\w+|current_(setting|schemas)|format_type"
    r"|oidvectortypes"
    r"|reg(class|proc|procedure|oper|operator|type|role|namespace)(in|out)?"
    r"|row_security_active|currtid2"
)
# Of those, what tells of its argument, or of the caller's own session, alone.
_INNOCENT = re.compile(
    r"pg_(typeof|column_size|column_compression|collation_for|client_encoding|char_to_encoding|encoding_to_char"
    r"|backend_pid|postmaster_start_time|current_snapshot|current_xact_id_if_assigned|my_temp_schema|trigger_depth)"
)
# Volatile functions of extensions that give another value each time and do no more.
_EXTENSIONS_HARMLESS = re.compile(
    r"uuid_generate_v\w+|gen_(random_(bytes|uuid)|salt)|pgp_\w+|system_(rows|time)|normal_rand|st_\w+|postgis_\w*version"
)
# And those that tell of the server or of sizes, as its own do.
_EXTENSIONS_TELLING = re.compile(
    r"pg_stat_statements(_info)?|pg_buffercache_(pages|summary|usage_counts|numa_pages)|pg_freespace"
    r"|pg_visibility(_map)?(_summary)?|(hypertable|chunks)_\w*size|approximate_row_count|show_chunks"
)
_VOLATILE = "it is volatile: it may change or reach what the statement doesn't show"
_HIDING = "it tells of settings, definitions or sessions, which the policy may hide"
_UNSPOKEN = "the policy doesn't allow it"


def builtin_refused(function: UsedFunction, *, policy: bool, writing: bool) -> str | None:
    """Why a function of PostgreSQL's own is not called; None where it may be.

    Args:
        function: Which.
        policy: Whether there is a policy, which may hide what the function would tell.
        writing: Whether the statement may write.
    """
    name = function.name.name
    if (reason := refused(name)) is not None:
        return reason
    if function.volatility is Volatility.VOLATILE:
        if _HARMLESS.fullmatch(name) or (name in SEQUENCES and writing and not (policy and name == "setval")):
            return None
        if name in _REMEMBERING and not policy:
            return None
        if name in SEQUENCES:
            return "it counts a sequence, which only a statement that may write does"
        if _TELLING.fullmatch(name):
            return _HIDING if policy else None
        return _VOLATILE
    if policy and _REVEALING.fullmatch(name) and not _INNOCENT.fullmatch(name):
        return _HIDING if function.volatility is Volatility.STABLE else None
    return None


def extension_refused(function: UsedFunction, *, policy: bool, writing: bool) -> str | None:
    """Why a function of an extension is not called; None where it may be. Arguments as for `builtin_refused`."""
    reason = refused(function.name.name)
    if reason is not None:
        return reason
    if function.volatility is Volatility.VOLATILE:
        name = function.name.name
        telling = not policy and _EXTENSIONS_TELLING.fullmatch(name) is not None
        harmless = telling or _EXTENSIONS_HARMLESS.fullmatch(name) is not None
        return None if harmless or (writing and not policy) else _VOLATILE
    if not policy:
        return None
    opaque = function.security_definer or function.language not in {"c", "internal"}
    return _UNSPOKEN if opaque and function.volatility is not Volatility.IMMUTABLE else None


def is_harmless(name: str) -> bool:
    """Whether a volatile function of an extension is known to change nothing."""
    return _EXTENSIONS_HARMLESS.fullmatch(name) is not None or _EXTENSIONS_TELLING.fullmatch(name) is not None


def users_refused(function: UsedFunction, *, policy: bool, writing: bool) -> str | None:
    """Why a function of the database's own is not called without the policy's word; None where it may be."""
    if policy:
        return _UNSPOKEN
    return _VOLATILE if function.volatility is Volatility.VOLATILE and not writing else None
