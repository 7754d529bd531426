"""The stable codes of errors: each once, with the class of retry and what it means; docs are made from this table."""

from typing import Literal

from attrs import frozen

Retry = Literal["never", "fix_input", "later"]


@frozen
class Code:
    """A stable name of something that goes wrong.

    Args:
        name: The `code` of an answer; never renamed, never used again for something else.
        retry: Whether calling again can help.
        summary: What it means, for the reference.
    """

    name: str
    retry: Retry
    summary: str


def catalogue() -> dict[str, Code]:
    """Every code by its name, for the reference and the tests."""
    return {value.name: value for value in globals().values() if isinstance(value, Code)}


# The request itself
MALFORMED_JSON = Code("malformed_json", "fix_input", "The text is not JSON, or not JSON that can be kept exactly.")
REQUEST_TOO_LARGE = Code("request_too_large", "fix_input", "The request is larger than `max_request_bytes`.")
UNKNOWN_TOOL = Code("unknown_tool", "fix_input", "No tool of that name is served here.")
UNKNOWN_ARGUMENT = Code("unknown_argument", "fix_input", "The tool takes no argument of that name.")
MISSING_ARGUMENT = Code("missing_argument", "fix_input", "A required argument is not there.")
DUPLICATE_KEY = Code("duplicate_key", "fix_input", "An object names the same key twice.")
WRONG_TYPE = Code("wrong_type", "fix_input", "A value is of the wrong kind.")
OUT_OF_RANGE = Code("out_of_range", "fix_input", "A number or a length is outside its bounds.")
UNKNOWN_CHOICE = Code("unknown_choice", "fix_input", "A value is none of those allowed.")
INVALID_TEXT = Code("invalid_text", "fix_input", "A text holds NUL or half of a surrogate pair.")
CONFLICTING_ARGUMENTS = Code("conflicting_arguments", "fix_input", "Two arguments exclude each other.")

# Names
UNKNOWN_SCHEMA = Code("unknown_schema", "fix_input", "No schema of that name.")
UNKNOWN_TABLE = Code("unknown_table", "fix_input", "No table or view of that name.")
UNKNOWN_COLUMN = Code("unknown_column", "fix_input", "The relation has no column of that name.")
UNKNOWN_CONSTRAINT = Code("unknown_constraint", "fix_input", "No unique constraint over those columns.")
CONSTRAINT_DEFERRABLE = Code(
    "constraint_deferrable", "fix_input", "A key that may be checked as late as at a commit can't settle a conflict."
)

# Filters, order and pages
FILTER_MALFORMED = Code("filter_malformed", "fix_input", "A filter is not of the form that its place asks for.")
FILTER_OPERATOR_UNKNOWN = Code("filter_operator_unknown", "fix_input", "No filter operator of that name.")
FILTER_OPERATOR_MISMATCH = Code(
    "filter_operator_mismatch", "fix_input", "The operator doesn't work on a column of that type."
)
FILTER_VALUE_INVALID = Code("filter_value_invalid", "fix_input", "A filter's value doesn't fit its column.")
FILTER_PATH_INVALID = Code("filter_path_invalid", "fix_input", "A path into a document is malformed.")
FILTER_NULL = Code("filter_null", "fix_input", "A null stands where it would never match.")
FILTER_TOO_LARGE = Code("filter_too_large", "fix_input", "Too many levels, conditions or members of a list.")
FILTER_EMPTY = Code("filter_empty", "fix_input", "A write needs a filter that says something.")
ORDER_INVALID = Code("order_invalid", "fix_input", "The order can't be had on that column.")
CURSOR_INVALID = Code("cursor_invalid", "fix_input", "The cursor is forged, foreign, or of another request.")

# Data of writes
VALUE_INVALID = Code("value_invalid", "fix_input", "A value doesn't fit its column's type.")
VALUE_READ_ONLY = Code("value_read_only", "fix_input", "The column is generated or of a type that takes no input.")
DATA_EMPTY = Code("data_empty", "fix_input", "There is nothing to write.")
REPEATED_KEY = Code(
    "repeated_key", "fix_input", "Two records of one batch have the same key, so one would update the other."
)
RELATION_READ_ONLY = Code("relation_read_only", "fix_input", "The relation can't be written to.")

# Raw SQL
SYNTAX_ERROR = Code("syntax_error", "fix_input", "The statement doesn't parse.")
SEVERAL_STATEMENTS = Code("several_statements", "fix_input", "There is not exactly one statement.")
STATEMENT_TOO_LARGE = Code(
    "statement_too_large",
    "fix_input",
    "The statement is larger than `max_query_bytes`, or comes to more than is looked through.",
)
STATEMENT_NOT_ALLOWED = Code("statement_not_allowed", "never", "That kind of statement is not served.")
STATEMENT_UNRESOLVED = Code("statement_unresolved", "never", "Nobody can tell what the statement really uses.")
PARAMETER_COUNT = Code("parameter_count", "fix_input", "The statement takes another number of parameters.")
PARAMETER_INVALID = Code("parameter_invalid", "fix_input", "A parameter's value doesn't fit its type.")
UNDEFINED_OBJECT = Code("undefined_object", "fix_input", "The statement names something that is not there.")
BAD_VALUE = Code("bad_value", "fix_input", "PostgreSQL could not read or convert a value.")
STATEMENT_INVALID = Code("statement_invalid", "fix_input", "PostgreSQL refuses the statement as it is written.")
FEATURE_NOT_SUPPORTED = Code("feature_not_supported", "never", "PostgreSQL or this adapter can't do that.")
UNREGISTERED_STATEMENT = Code(
    "unregistered_statement", "fix_input", "The memory database has no answer registered for the statement."
)

# Permission
TOOL_NOT_SERVED = Code("tool_not_served", "never", "The access mode or the setting `tools` leaves the tool out.")
WRITE_REFUSED = Code(
    "write_refused",
    "never",
    "The access mode doesn't let this change anything; `fix_input` where `read_only` alone stands in the way.",
)
ADMIN_REFUSED = Code("admin_refused", "never", "The access mode doesn't let this change definitions.")
PERMISSION_DENIED = Code("permission_denied", "never", "PostgreSQL's role may not do this.")
ACTION_REFUSED = Code("action_refused", "never", "The policy or the role doesn't let the caller do that there.")
COLUMN_MASKED = Code("column_masked", "fix_input", "The caller sees the column masked and can't use it so.")
ROW_REFUSED = Code("row_refused", "fix_input", "A row is, or would become, one that the caller may not see.")
ATTRIBUTE_MISSING = Code("attribute_missing", "never", "The policy asks for an attribute that the caller doesn't have.")
ROWS_FILTERED = Code(
    "rows_filtered", "never", "The caller may see some of the rows only; a structured tool gives them."
)
LISTEN_REFUSED = Code("listen_refused", "never", "The server doesn't listen there without authentication.")
AUDIT_FAILED = Code("audit_failed", "later", "The audit can't take a record of the write, so it was not run.")

# Constraints
UNIQUE_VIOLATION = Code("unique_violation", "fix_input", "A row with that key exists.")
FOREIGN_KEY_VIOLATION = Code("foreign_key_violation", "fix_input", "A row refers to one that is not there.")
NOT_NULL_VIOLATION = Code("not_null_violation", "fix_input", "A column that must have a value has none.")
CHECK_VIOLATION = Code("check_violation", "fix_input", "A row breaks a check constraint or a view's condition.")
EXCLUSION_VIOLATION = Code("exclusion_violation", "fix_input", "A row conflicts with another by an exclusion.")
RESTRICT_VIOLATION = Code("restrict_violation", "fix_input", "Rows of another table still refer to the row.")
VALUE_TOO_LONG = Code("value_too_long", "fix_input", "A value is longer than its column takes.")
TOO_MANY_ROWS = Code("too_many_rows", "fix_input", "The write would change more than `max_rows` rows; none was.")
ROW_TOO_LARGE = Code("row_too_large", "fix_input", "One row alone is larger than `max_bytes`.")
RAISED = Code("raised", "fix_input", "A function or trigger of the database raised an error.")

# Transactions
TRANSACTION_ENDED = Code("transaction_ended", "never", "The transaction has ended; `details.outcome` says how.")
TRANSACTION_FAILED = Code(
    "transaction_failed",
    "never",
    "A statement of the transaction failed: only rolling back, wholly or in part, is left.",
)
TRANSACTION_UNKNOWN = Code(
    "transaction_unknown", "never", "No such transaction: the handle is forged, another's, or long forgotten."
)
TRANSACTIONS_EXHAUSTED = Code("transactions_exhausted", "later", "As many transactions are open as may be.")
IDEMPOTENCY_CONFLICT = Code("idempotency_conflict", "fix_input", "The key was used for another request.")
IDEMPOTENCY_RUNNING = Code("idempotency_running", "later", "The write with that key is still running.")
RECEIPTS_UNAVAILABLE = Code(
    "receipts_unavailable", "never", "The database has no place for receipts, and none could be made."
)
SAVEPOINT_UNKNOWN = Code("savepoint_unknown", "fix_input", "The transaction has no savepoint of that name.")

# Resources and connections
STATEMENT_TIMEOUT = Code("statement_timeout", "fix_input", "The statement ran out of its time and was stopped.")
LOCK_TIMEOUT = Code("lock_timeout", "later", "A lock was not to be had in time.")
CALL_TIMEOUT = Code("call_timeout", "later", "The call ran out of its time.")
CALL_TIMEOUT_COMMITTED = Code(
    "call_timeout_committed",
    "never",
    "The call ran out of its time too late to be stopped: it is committed.",
)
CANCELLED = Code("cancelled", "later", "The call was cancelled and its statement stopped.")
SERIALIZATION_FAILURE = Code("serialization_failure", "later", "Concurrent transactions conflict.")
DEADLOCK_DETECTED = Code("deadlock_detected", "later", "Two transactions waited for each other.")
RATE_LIMITED = Code("rate_limited", "later", "The principal has made as many calls as it may in a minute.")
CONCURRENCY_LIMITED = Code("concurrency_limited", "later", "The principal has as many calls running as it may.")
BUDGET_SPENT = Code("budget_spent", "later", "The principal's rows or bytes of this minute are used up.")
TOO_COSTLY = Code("too_costly", "fix_input", "PostgreSQL expects the statement to cost more than is allowed.")
POOL_EXHAUSTED = Code("pool_exhausted", "later", "No connection was free in time.")
CONNECTION_FAILED = Code("connection_failed", "later", "The server can't be reached.")
BREAKER_OPEN = Code(
    "breaker_open", "later", "The server could not be reached several times, and is left alone for a while."
)
CONNECTION_LOST = Code("connection_lost", "later", "The connection broke during the call.")
AUTHENTICATION_FAILED = Code("authentication_failed", "never", "The server refuses the user or the password.")
UNKNOWN_DATABASE = Code("unknown_database", "never", "The server has no database of that name.")
TOO_MANY_CONNECTIONS = Code("too_many_connections", "later", "The server takes no more connections.")
OUT_OF_RESOURCES = Code("out_of_resources", "later", "The server lacks disk, memory or another resource.")
READ_ONLY_SERVER = Code("read_only_server", "never", "The server or the transaction is read-only.")
DATABASE_FAILED = Code("database_failed", "never", "PostgreSQL reported an error of another kind.")
EMBEDDED_MISSING = Code("embedded_missing", "never", "No PostgreSQL binaries are installed.")
EMBEDDED_FAILED = Code("embedded_failed", "later", "The embedded PostgreSQL did not start.")

# Settings
SETTING_INVALID = Code("setting_invalid", "never", "A setting has a bad value.")
SETTING_REFUSED = Code("setting_refused", "never", "PostgreSQL doesn't take a setting that sessions start with.")
POLICY_INVALID = Code("policy_invalid", "never", "The policy is wrong, or doesn't fit the database.")
SETTING_UNKNOWN = Code("setting_unknown", "never", "There is no setting of that name.")

# pgmcp itself
INTERNAL = Code("internal", "never", "A defect of pgmcp; please report it.")
SHUTTING_DOWN = Code("shutting_down", "later", "The server is stopping.")
