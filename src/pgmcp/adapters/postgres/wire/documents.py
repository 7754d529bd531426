"""The JSON of a json or jsonb value: the document itself, except where that could be taken for something else."""

from __future__ import annotations


def jsonb(sql: str) -> str:
    """The document; JSON null, and an object whose only key is `$json`, inside another `$json`."""
    # A scalar text equal to the key has it too, but nothing can be taken out of a scalar.
    alone = f"{sql} ? '$json' AND {sql} @> '{{}}'::jsonb AND ({sql} - '$json') = '{{}}'::jsonb"
    wrapped = f"pg_catalog.concat('{{\"$json\":', {sql}, '}}')"
    # Its text tells null from any other document for less than a comparison of documents does.
    null = f"CASE WHEN {sql} IS NOT NULL THEN {wrapped} END"
    return f"CASE WHEN {alone} THEN {wrapped} ELSE coalesce(nullif({sql}::text, 'null'), {null}) END"


def json(sql: str) -> str:
    """The document as it was written, wrapped as a jsonb is.

    Its keys are read only when it begins as a wrapped one would, from a copy without what jsonb can't hold: a json
    column may hold escapes that no function of PostgreSQL would read.
    """
    readable = f"pg_catalog.regexp_replace({sql}::text, '\\\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{{2}})', '\\\\u0001', 'g')"
    keys = f"pg_catalog.json_object_keys(({readable})::json)"
    alone = (
        f"CASE WHEN {sql}::text ~ '^[ \\t\\r\\n]*[{{][ \\t\\r\\n]*\"([$]|\\\\u0024)' "
        f"THEN (SELECT pg_catalog.bool_and(k = '$json') FROM {keys} AS u(k)) ELSE false END"
    )
    return (
        f"CASE WHEN pg_catalog.json_typeof({sql}) = 'null' OR {alone} "
        f"THEN '{{\"$json\":' || {sql}::text || '}}' ELSE {sql}::text END"
    )
