"""Functions of PostgreSQL's own that are declared stable and still give the same for the same rows.

STABLE only says that a function doesn't change within a statement: `now()` is stable, and so is what reads settings,
the catalogue or tables. These here hang on their arguments and on what every key holds (the time zone) or every session
pins (date style and the like). Source: `pg_proc` of PostgreSQL 14 to 18, read one by one.
"""

from __future__ import annotations

import re

STEADY = frozenset(
    # texts and conversions
    "anyarray_out anyenum_out array_out array_to_json array_to_string concat concat_ws convert convert_from "
    "convert_to enum_first enum_in enum_last enum_out enum_range format length multirange_out "
    "numeric overlaps quote_literal quote_nullable range_out record_out textanycat anytextcat "
    "to_char to_number xml xml_in "
    # JSON
    "json_agg json_agg_strict json_agg_strict_transfn json_agg_transfn json_build_array json_build_object "
    "json_object_agg json_object_agg_strict json_object_agg_strict_transfn json_object_agg_transfn "
    "json_object_agg_unique json_object_agg_unique_strict json_object_agg_unique_strict_transfn "
    "json_object_agg_unique_transfn "
    "jsonb_agg jsonb_agg_finalfn jsonb_agg_strict jsonb_agg_strict_transfn jsonb_agg_transfn jsonb_build_array "
    "jsonb_build_object jsonb_object_agg jsonb_object_agg_finalfn jsonb_object_agg_strict "
    "jsonb_object_agg_strict_transfn jsonb_object_agg_transfn jsonb_object_agg_unique jsonb_object_agg_unique_strict "
    "jsonb_object_agg_unique_strict_transfn jsonb_object_agg_unique_transfn jsonb_path_exists_tz jsonb_path_match_tz "
    "jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz "
    "row_to_json to_json to_jsonb "
    # times; the input functions are left out, as they take the text `now`
    "date date_add date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz date_gt_timestamptz "
    "date_le_timestamptz date_lt_timestamptz date_ne_timestamptz date_out date_part date_subtract date_trunc extract "
    "generate_series in_range interval_in interval_out interval_pl_timestamptz make_timestamptz time timestamp "
    "timestamp_cmp_timestamptz timestamp_eq_timestamptz timestamp_ge_timestamptz timestamp_gt_timestamptz "
    "timestamp_le_timestamptz timestamp_lt_timestamptz timestamp_ne_timestamptz timestamp_out timestamptz "
    "timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date timestamptz_eq_timestamp timestamptz_ge_date "
    "timestamptz_ge_timestamp timestamptz_gt_date timestamptz_gt_timestamp timestamptz_le_date "
    "timestamptz_le_timestamp timestamptz_lt_date timestamptz_lt_timestamp timestamptz_mi_interval timestamptz_ne_date "
    "timestamptz_ne_timestamp timestamptz_out timestamptz_pl_interval timetz timezone to_date to_timestamp".split()
)

TIMELESS = frozenset(
    {16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 700, 701, 790, 1042, 1043, 1186, 1560, 1562, 1700, 2950, 3802, 869}
    | {650, 829, 774, 3614, 3615, 3904, 3906, 3926, 600}
)
"""Ids of the types that a text can be cast to without being read as a time, or as something that may have one inside.

They are bool, bytea, char, name, int8, int2, int4, text, oid, json, xml, float4, float8, money, bpchar, varchar,
interval, bit, varbit, numeric, uuid, jsonb, inet, cidr, macaddr, macaddr8, tsvector, tsquery, int4range, numrange,
int8range, point.
"""

# What PostgreSQL's date and time input takes as the moment of reading.
# https://www.postgresql.org/docs/18/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES
_SPECIAL = re.compile(r"\b(?:now|today|tomorrow|yesterday)\b")


def names_a_moment(text: str) -> bool:
    """Whether a text holds a word that means another moment each time that it is read as a time.

    >>> names_a_moment("created > 'Today'"), names_a_moment("2026-01-01"), names_a_moment("nowhere")
    (True, False, False)
    """
    lowered = text.lower()
    # Nearly no text has one of the words: finding that out for each costs less than one search by the expression.
    if not ("now" in lowered or "today" in lowered or "tomorrow" in lowered or "yesterday" in lowered):
        return False
    return _SPECIAL.search(lowered) is not None
