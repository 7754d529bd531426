"""Which rule is the first that speaks of something: found by its name's beginning, however many rules there are."""

from __future__ import annotations

from attrs import frozen

from pgmcp.domain.policy.patterns import FirstMatch, is_system
from pgmcp.domain.policy.rules import FunctionRule, Policy, SchemaRule, TableRule


@frozen(kw_only=True)
class SchemaRules:
    """The rules that hold for one caller in one schema, of which there may be thousands.

    Args:
        schema: The rule about the schema itself.
        tables: The rules about its tables, by their names alone.
        functions: The rules about its functions, likewise.
    """

    schema: SchemaRule | None
    tables: FirstMatch[TableRule]
    functions: FirstMatch[FunctionRule]


def rules_of(policy: Policy, principal: str, schema: str) -> SchemaRules:
    """The rules of a policy that hold for one caller in one schema."""
    own = is_system(schema)
    about = (
        rule
        for rule in policy.schemas
        if rule.is_for(principal) and rule.match.matches(schema) and (rule.match.is_exact or not own)
    )
    return SchemaRules(
        schema=next(about, None),
        tables=FirstMatch(
            (rule.match.name, rule)
            for rule in policy.tables
            if rule.is_for(principal) and rule.match.matches_schema(schema)
        ),
        functions=FirstMatch(
            (rule.match.name, rule)
            for rule in policy.functions
            if rule.is_for(principal) and rule.match.matches_schema(schema)
        ),
    )
