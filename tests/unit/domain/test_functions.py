"""Functions that a statement may not name."""

import pytest

from pgmcp.domain.sql.functions import refused
from tests.fixtures.walked import cases

SESSION = "it changes the session, which other calls use after this one"
FILES = "it reads or writes files of the server"
OTHERS = "it reaches other sessions"
SERVER = "it changes the server and not the data, past any rollback"
TEXT = "it runs SQL from a text"
LARGE = "large objects are changed past a read-only transaction"


@pytest.mark.parametrize(
    "names, reason",
    [
        pytest.param("set_config setseed pg_notify", SESSION, id="session"),
        pytest.param(
            "pg_read_file pg_read_binary_file pg_ls_dir pg_ls_waldir pg_stat_file lo_import lo_export",
            FILES,
            id="files",
        ),
        pytest.param("lo_put lo_unlink lo_from_bytea loread lowrite", LARGE, id="large objects"),
        pytest.param(
            "pg_advisory_lock pg_try_advisory_xact_lock pg_terminate_backend pg_cancel_backend",
            OTHERS,
            id="others",
        ),
        pytest.param(
            "pg_reload_conf pg_switch_wal pg_create_restore_point pg_create_physical_replication_slot pg_stat_reset "
            "pg_drop_replication_slot pg_copy_logical_replication_slot pg_logical_emit_message txid_current pg_promote "
            "pg_stat_reset_single_table_counters pg_prewarm pg_backup_start pg_replication_origin_create",
            SERVER,
            id="the server",
        ),
        pytest.param("dblink dblink_exec query_to_xml query_to_xml_and_xmlschema ts_stat crosstab", TEXT, id="text"),
    ],
)
def test_what_is_refused(names: str, reason: str) -> None:
    """Each for its reason."""
    assert {name: refused(name) for name in names.split()} == dict.fromkeys(names.split(), reason)


@cases(
    "name",
    [
        pytest.param(name, id=name)
        for name in "lower count now pg_typeof pg_get_viewdef pg_relation_size generate_series jsonb_agg xmlagg "
        "to_tsvector my_set_config pg_sleep lo pg_table_size age nextval regexp_match".split()
    ],
)
def test_what_may_be_called(name: str) -> None:
    """Honest functions, and names that only look like others."""
    assert refused(name) is None
