from __future__ import annotations

from typing import Any

import pytest

from pgmcp.adapters.postgres.errors import translate
from pgmcp.adapters.postgres.sqlstates import BY_CLASS, BY_STATE
from pgmcp.ports.driver import Fault
from tests.fixtures.walked import cases

SECRET = 'says "secret"'


@cases(
    "fault, document",
    [
        pytest.param(
            Fault(
                sqlstate="23505",
                message=SECRET,
                detail="Key (id)=(secret) already exists.",
                schema="public",
                table="orders",
                constraint="orders_pkey",
            ),
            {
                "type": "database_error",
                "code": "unique_violation",
                "message": "A row with the same unique key exists already (constraint orders_pkey of orders).",
                "hint": "Change the key, or say with on_conflict what shall happen.",
                "retry": "fix_input",
                "sqlstate": "23505",
                "details": {"constraint": "orders_pkey", "schema": "public", "table": "orders"},
            },
            id="unique",
        ),
        pytest.param(
            Fault(sqlstate="23502", message=SECRET, detail=SECRET, schema="public", table="orders", column="total"),
            {
                "type": "database_error",
                "code": "not_null_violation",
                "message": "A column that must have a value has none (column total of orders).",
                "hint": "Give the column a value.",
                "retry": "fix_input",
                "sqlstate": "23502",
                "details": {"schema": "public", "table": "orders", "columns": ["total"]},
            },
            id="not null",
        ),
        pytest.param(
            Fault(sqlstate="23514", message=SECRET, schema="public", table="events"),
            {
                "type": "database_error",
                "code": "check_violation",
                "message": "A row fits no partition of its table, or not the bounds of the one that it was sent to.",
                "hint": "`describe_table` shows a table's partitions, or whose partition it is.",
                "retry": "fix_input",
                "sqlstate": "23514",
                "details": {"schema": "public", "table": "events"},
            },
            id="no partition",
        ),
        pytest.param(
            Fault(sqlstate="42601", message=SECRET),
            {
                "type": "query_error",
                "code": "bad_value",
                "message": "A text doesn't keep to the grammar of what it is read as.",
                "hint": "See PostgreSQL's documentation of that type: jsonpath, tsquery and their like.",
                "retry": "fix_input",
                "sqlstate": "42601",
            },
            id="a value with a grammar",
        ),
        pytest.param(
            Fault(sqlstate="22P02", message=SECRET, position=8),
            {
                "type": "query_error",
                "code": "bad_value",
                "message": "A text can't be read as a value of the type that it is wanted in.",
                "hint": "Compare the values with the columns' types.",
                "retry": "fix_input",
                "sqlstate": "22P02",
                "position": 8,
            },
            id="value",
        ),
        pytest.param(
            Fault(sqlstate="42703", message='column "nam" does not exist', hint="Perhaps name.", position=8),
            {
                "type": "query_error",
                "code": "undefined_object",
                "message": 'Column "nam" does not exist.',
                "hint": "Perhaps name.",
                "retry": "fix_input",
                "sqlstate": "42703",
                "position": 8,
            },
            id="undefined column",
        ),
        pytest.param(
            Fault(sqlstate="42601", message='syntax error at or near "secret"', position=3),
            {
                "type": "query_error",
                "code": "syntax_error",
                "message": "The statement has a syntax error.",
                "hint": "`position` is the character where it was found.",
                "retry": "fix_input",
                "sqlstate": "42601",
                "position": 3,
            },
            id="syntax",
        ),
        pytest.param(
            Fault(sqlstate="42501", message="permission denied for table staff"),
            {
                "type": "security_error",
                "code": "permission_denied",
                "message": "Permission denied for table staff.",
                "retry": "never",
                "sqlstate": "42501",
            },
            id="permission",
        ),
        pytest.param(
            Fault(sqlstate="P0001", message="the shop is closed"),
            {
                "type": "database_error",
                "code": "raised",
                "message": "The shop is closed.",
                "retry": "fix_input",
                "sqlstate": "P0001",
            },
            id="raise",
        ),
        pytest.param(
            Fault(sqlstate="SHOP1", message="no such customer"),
            {
                "type": "database_error",
                "code": "raised",
                "message": "No such customer.",
                "retry": "fix_input",
                "sqlstate": "SHOP1",
            },
            id="raise with a code of its own",
        ),
        pytest.param(
            Fault(sqlstate="40P01", message=SECRET, detail=SECRET),
            {
                "type": "database_error",
                "code": "deadlock_detected",
                "message": "Two transactions waited for each other, and this one was ended.",
                "hint": "Repeat it; taking locks in the same order everywhere avoids this.",
                "retry": "later",
                "sqlstate": "40P01",
                "details": {"retry_after_ms": 100},
            },
            id="deadlock",
        ),
        pytest.param(
            Fault(sqlstate=None, message="nothing listens there"),
            {
                "type": "database_error",
                "code": "connection_failed",
                "message": "The database can't be reached: nothing listens there.",
                "hint": "Check that the server runs and that the address is right; `pgmcp check` looks at each part.",
                "retry": "later",
                "details": {"retry_after_ms": 1000},
            },
            id="not reached",
        ),
    ],
)
def test_a_fault_becomes_an_answer(fault: Fault, document: dict[str, Any]) -> None:
    """The whole answer, with the objects that the server names and none of the values."""
    assert translate(fault).document() == document


@cases(
    "sqlstate, kind, code",
    [
        pytest.param("0A000", "QueryError", "feature_not_supported", id="0A000"),
        pytest.param("08006", "DatabaseError", "connection_lost", id="08006"),
        pytest.param("21000", "QueryError", "statement_invalid", id="21000"),
        pytest.param("22001", "QueryError", "value_too_long", id="22001"),
        pytest.param("22012", "QueryError", "bad_value", id="22012"),
        pytest.param("2200G", "QueryError", "bad_value", id="class 22"),
        pytest.param("23001", "DatabaseError", "restrict_violation", id="23001"),
        pytest.param("23503", "DatabaseError", "foreign_key_violation", id="23503"),
        pytest.param("23514", "DatabaseError", "check_violation", id="23514"),
        pytest.param("23P01", "DatabaseError", "exclusion_violation", id="23P01"),
        pytest.param("25006", "DatabaseError", "read_only_server", id="25006"),
        pytest.param("25P02", "TransactionError", "transaction_failed", id="25P02"),
        pytest.param("25P03", "TransactionError", "transaction_ended", id="25P03"),
        pytest.param("28P01", "DatabaseError", "authentication_failed", id="28P01"),
        pytest.param("3B001", "TransactionError", "savepoint_unknown", id="3B001"),
        pytest.param("3D000", "DatabaseError", "unknown_database", id="3D000"),
        pytest.param("40001", "DatabaseError", "serialization_failure", id="40001"),
        pytest.param("42P01", "QueryError", "undefined_object", id="42P01"),
        pytest.param("42P02", "QueryError", "parameter_count", id="42P02"),
        pytest.param("42804", "QueryError", "statement_invalid", id="class 42"),
        pytest.param("53100", "DatabaseError", "out_of_resources", id="class 53"),
        pytest.param("53300", "DatabaseError", "too_many_connections", id="53300"),
        pytest.param("54001", "QueryError", "statement_too_large", id="54001"),
        pytest.param("55P03", "DatabaseError", "lock_timeout", id="55P03"),
        pytest.param("57014", "QueryError", "statement_timeout", id="57014"),
        pytest.param("57P01", "DatabaseError", "connection_lost", id="57P01"),
        pytest.param("57P03", "DatabaseError", "connection_failed", id="57P03"),
        pytest.param("XX000", "DatabaseError", "database_failed", id="XX000"),
        pytest.param("0Z000", "DatabaseError", "database_failed", id="unknown class of the standard"),
    ],
)
def test_each_sqlstate_has_its_class_and_code(sqlstate: str, kind: str, code: str) -> None:
    """What a caller branches on."""
    error = translate(Fault(sqlstate=sqlstate, message=""))
    assert (type(error).__name__, error.code.name) == (kind, code)


# Classes and codes whose words of the server name objects only, or are the database author's for the caller.
SPOKEN = frozenset({"0A", "21", "25", "2B", "42", "55", "P0"})


@cases("sqlstate", sorted({*BY_STATE, *(f"{class_}999" for class_ in BY_CLASS)}))
def test_the_servers_words_pass_only_where_they_hold_no_values(sqlstate: str) -> None:
    """Detail never passes; message and hint only in the classes that are known to be safe."""
    fault = Fault(sqlstate=sqlstate, message="the message", detail="the detail", hint="the hint")
    answer = str(translate(fault).document())
    assert "the detail" not in answer
    assert ("he message" in answer or "the hint" in answer) <= (sqlstate[:2] in SPOKEN or sqlstate == "3F000")
