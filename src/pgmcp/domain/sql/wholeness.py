"""Which statements PostgreSQL carries out whole or not at all, and which may leave a part of their work behind.

Source: PostgreSQL 18, the pages of the commands: what may not stand in a transaction block commits on its own.
"""

from __future__ import annotations

from pgmcp.domain.plans import StatementKind
from pgmcp.domain.sql.analysis import Analysis

# All that is not named here may be in parts: VACUUM, ANALYZE, REINDEX, CLUSTER, databases, tablespaces, subscriptions.
# What a procedure has committed only the database can say, so of a CALL the repository tells the outcome.
_WHOLE = frozenset(
    "AlterDefaultPrivilegesStmt AlterDomainStmt AlterEnumStmt AlterFunctionStmt AlterObjectSchemaStmt AlterOwnerStmt "
    "AlterPolicyStmt AlterSeqStmt AlterTableStmt CallStmt CommentStmt CompositeTypeStmt CreateDomainStmt "
    "CreateEnumStmt "
    "CreateFunctionStmt CreatePolicyStmt CreateRangeStmt CreateSchemaStmt CreateSeqStmt CreateStatsStmt CreateStmt "
    "CreateTableAsStmt CreateTrigStmt DropStmt GrantStmt IndexStmt RefreshMatViewStmt RenameStmt RuleStmt TruncateStmt "
    "VariableShowStmt ViewStmt".split()
)
# CREATE INDEX, DROP INDEX, DETACH PARTITION: each then takes several transactions.
_IN_PARTS = "concurrently"


def is_whole(analysis: Analysis) -> bool:
    """Whether a statement that is said to have been rolled back has left nothing.

    The word that says otherwise counts wherever it stands: a name that holds it costs no more than the certainty.
    """
    if analysis.command not in _WHOLE:
        return analysis.kind is not StatementKind.UTILITY
    return _IN_PARTS not in analysis.text.lower()
