"""Built-in functions that a caller's statement may not name, whatever else it does: each reaches past its transaction.

Names are the least that can be known; what a statement really resolves to is the guard's to judge. What only takes
time, such as `pg_sleep`, ends by the limits on time.
Source: PostgreSQL documentation, section 9.28 (System Administration Functions) and chapter 33 (Large Objects).
"""

from __future__ import annotations

import re

_SESSION = "it changes the session, which other calls use after this one"
_FILES = "it reads or writes files of the server"
_OTHERS = "it reaches other sessions"
_SERVER = "it changes the server and not the data, past any rollback"
_TEXT = "it runs SQL from a text"
_NAMED = "it reads a table that only its text names"
_TYPES = "it runs what a type that only its text names would run"
_INNER = "it is one of the server's inner workings"
_LARGE = "large objects are changed past a read-only transaction"

_ADMINISTRATION = (
    r"pg_(reload_conf|rotate_logfile|switch_wal|create_restore_point|promote|prewarm|export_snapshot)"
    r"|pg_(backup|start_backup|stop_backup|wal_replay|wal_\w*resume|logical|replication)_\w+"
    r"|pg_(create|drop|copy|alter)_\w*replication_slot\w*|pg_logical_emit_message|pg_stat_reset\w*"
    r"|pg_import_system_collations|pg_stat_(statements_reset|clear_\w+)|txid_current|pg_current_xact_id"
    r"|pg_(set|clear|restore)_\w*stats"
)
_FILE_FUNCTIONS = (
    r"pg_read_(binary_)?file|pg_stat_file|pg_ls_\w+|pg_file_\w+|pg_current_logfile|lo_(import|export)"
    r"|pg_(hba_file_rules|ident_file_mappings|show_all_file_settings)"
)
_LARGE_FUNCTIONS = (
    r"lo_(close|creat|create|export|from_bytea|get|import|lseek(64)?|manage|oid|open|put|tell(64)?|truncate(64)?|unlink)"
    r"|loread|lowrite"
)
# The first pattern that a name matches says why.
_REFUSED = (
    (r"set_config|setseed|pg_notify|pg_listening_channels", _SESSION),
    (_FILE_FUNCTIONS, _FILES),
    (_LARGE_FUNCTIONS, _LARGE),
    (r"pg_(try_)?advisory_\w+|pg_(terminate|cancel)_backend|pg_log_backend_memory_contexts", _OTHERS),
    (_ADMINISTRATION, _SERVER),
    (r"dblink\w*|query_to_xml\w*|cursor_to_xml\w*|ts_stat|crosstab\w*|connectby|xpath_table", _TEXT),
    (
        r"(database|schema|table)_to_xml\w*|get_raw_page|pgstat\w*index\w*|pgstattuple\w*|pgrowlocks|bt_index_\w+",
        _NAMED,
    ),
    (r"satisfies_hash_partition", _NAMED),
    (r"(fmgr_(internal|c|sql)|plpgsql)_validator|plpgsql_(call|inline)_handler", _INNER),
    (r"st_(estimated|find)extent|find_srid|(populate|add|drop|update)geometry\w*", _NAMED),
    (r"pg_input_(is_valid|error_info)|(domain|array|record|range|multirange)_(in|recv)", _TYPES),
)
_PATTERNS = tuple((re.compile(pattern).fullmatch, reason) for pattern, reason in _REFUSED)


def refused(name: str) -> str | None:
    """Why a function may not be named; None where it may.

    >>> refused("set_config"), refused("lower")
    ('it changes the session, which other calls use after this one', None)
    """
    return next((reason for matches, reason in _PATTERNS if matches(name)), None)
