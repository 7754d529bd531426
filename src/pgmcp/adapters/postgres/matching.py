"""Conditions of text, arrays, ranges, networks, documents and full text as SQL."""

from __future__ import annotations

from pgmcp.adapters.postgres.binder import REGCONFIG, Binder
from pgmcp.adapters.postgres.folding import lowered
from pgmcp.adapters.postgres.operands import operand, text
from pgmcp.domain.filters.tree import (
    AnyElement,
    Array,
    FullText,
    Json,
    JsonOp,
    Match,
    Network,
    Pattern,
    Range,
    SearchForm,
    SetOp,
)
from pgmcp.domain.relations import Relation
from pgmcp.domain.values.types import TEXT

_SETS = {
    SetOp.CONTAINS: "@>",
    SetOp.CONTAINED_BY: "<@",
    SetOp.OVERLAP: "&&",
    SetOp.ADJACENT: "-|-",
    SetOp.LEFT_OF: "<<",
    SetOp.RIGHT_OF: ">>",
}
_NETWORKS = {
    SetOp.CONTAINS: ">>=",
    SetOp.CONTAINED_BY: "<<=",
    SetOp.OVERLAP: "&&",
    SetOp.SUBNET_OF: "<<",
    SetOp.SUPERNET_OF: ">>",
}
_DOCUMENTS = {
    JsonOp.CONTAINS: "@>",
    JsonOp.CONTAINED_BY: "<@",
    JsonOp.HAS_KEY: "?",
    JsonOp.HAS_ANY_KEYS: "?|",
    JsonOp.HAS_ALL_KEYS: "?&",
    JsonOp.PATH_EXISTS: "@?",
    JsonOp.PATH_MATCH: "@@",
}
_QUERIES = {
    SearchForm.PLAIN: "plainto_tsquery",
    SearchForm.PHRASE: "phraseto_tsquery",
    SearchForm.WEBSEARCH: "websearch_to_tsquery",
    SearchForm.RAW: "to_tsquery",
}
# What a pattern stands for matches it to its end, which is where a lone escape is found.
_LIKE_READER = r"pg_catalog.regexp_replace({0}::text, '\\(.)', '\1', 'g') LIKE {0}::text"


def pattern(tree: Match, relation: Relation, binder: Binder) -> str:
    """`LIKE`, regular expressions, beginnings and ends of texts."""
    left = text(tree.operand, relation, binder)
    # A pattern's own blanks count: cast to bpchar it would lose them.
    type_ = tree.value.type if tree.value.type.tag == "citext" else TEXT
    match tree.pattern:
        case Pattern.LIKE:
            right = binder.literal(tree.value, type_, reader=_LIKE_READER)
            return f"({left} {'ILIKE' if tree.fold else 'LIKE'} {right})"
        case Pattern.MATCH:
            right = binder.literal(tree.value, type_, reader="'' ~ {}")
            return f"({left} {'~*' if tree.fold else '~'} {right})"
        case Pattern.STARTS_WITH | Pattern.ENDS_WITH:
            return _edge(tree, left, relation, binder)


def _edge(tree: Match, left: str, relation: Relation, binder: Binder) -> str:
    """How a text begins or ends; what ignores case compares in lower case."""
    right = binder.literal(tree.value, TEXT)
    if tree.operand.type.tag == "citext" or tree.fold:
        left, right = lowered(left, right, tree.operand, relation)
    if tree.pattern is Pattern.STARTS_WITH:
        return f"pg_catalog.starts_with({left}, {right})"
    return f"(pg_catalog.right({left}, pg_catalog.length({right})) = {right})"


def array_op(tree: Array, relation: Relation, binder: Binder) -> str:
    """An operator between two arrays."""
    return f"({operand(tree.operand, relation, binder)} {_SETS[tree.op]} {binder.literal(tree.value)})"


def any_element(tree: AnyElement, relation: Relation, binder: Binder) -> str:
    """Whether an element equals a value."""
    right = operand(tree.operand, relation, binder)
    return f"({binder.literal(tree.value)} = ANY ({right}))"


def range_op(tree: Range, relation: Relation, binder: Binder) -> str:
    """An operator between two ranges, or a range and an element."""
    return f"({operand(tree.operand, relation, binder)} {_SETS[tree.op]} {binder.literal(tree.value)})"


def network_op(tree: Network, relation: Relation, binder: Binder) -> str:
    """An operator between two network addresses."""
    return f"({operand(tree.operand, relation, binder)} {_NETWORKS[tree.op]} {binder.literal(tree.value)})"


def document_op(tree: Json, relation: Relation, binder: Binder) -> str:
    """An operator on a jsonb document; a json column is cast."""
    left = operand(tree.operand, relation, binder)
    if not tree.operand.path and relation.stored[tree.operand.column].type.tag == "json":
        left = f"{left}::jsonb"
    if tree.op in {JsonOp.HAS_ANY_KEYS, JsonOp.HAS_ALL_KEYS}:
        right = binder.literals(tree.values, TEXT)
    else:
        right = binder.literal(tree.values[0])
    return f"({left} {_DOCUMENTS[tree.op]} {right})"


def search(tree: FullText, relation: Relation, binder: Binder) -> str:
    """A full-text match, in the language given or the database's own configuration."""
    config = ""
    if tree.language is not None:
        at = f"{tree.query.at.removesuffix('.query')}.language"
        config = f"{binder.named(tree.language, REGCONFIG, at)}, "
    function = f"pg_catalog.{_QUERIES[tree.form]}"
    query = f"{function}({config}{binder.literal(tree.query, TEXT, reader=f'{function}({{}})')})"
    if tree.operand.type.tag == "tsvector":
        return f"({operand(tree.operand, relation, binder)} @@ {query})"
    shown = operand if tree.operand.type.tag in {"json", "jsonb"} else text
    return f"(pg_catalog.to_tsvector({config}{shown(tree.operand, relation, binder)}) @@ {query})"
