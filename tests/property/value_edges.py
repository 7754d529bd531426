"""The ends of each type's values, in the text form that its input function reads: none is left to chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_DATES = ("4713-01-01 BC", "0001-12-31 BC", "0001-01-01", "9999-12-31", "10000-01-01", "infinity", "-infinity")
_STAMPS = (
    *("4713-01-01 00:00:00{} BC", "0001-12-31 23:59:59.999999{} BC", "0001-01-01 00:00:00{}", "1969-12-31 23:59:60{}"),
    *("2016-12-31 23:59:60{}", "9999-12-31 23:59:59.999999{}", "10000-01-01 00:00:00{}"),
    *("294276-12-31 23:59:59.999999{}", "infinity", "-infinity"),
)
_FLOATS = ("NaN", "Infinity", "-Infinity", "0", "-0", "1e15", "-1e-5", "123456.7")
_NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "0", "-0", "0.00", "-0.00", "1.50", "999999999999999", "1000000000000000"),
    *("-999999999999.999", "9" * 131_072, f"-{'9' * 131_072}", f"0.{'0' * 16_382}1", f"{'9' * 131_072}.{'9' * 16_383}"),
)
_LONG = "123456789" * 111 + "1"
_DOCUMENTS = (
    *("null", "true", '""', "[]", "{}", "[null]", "-0.0", "1.50", _LONG, f"-0.{_LONG}", f'{{"n":[{_LONG}.50]}}'),
    *('{"$json":null}', '{"$json":{"$json":1}}', '{"$json":1,"a":2}', '{"":{"":[]}}'),
)
_TEXTS = (
    *("", " ", "NULL", "null", "\\", '"', "'", "{}", "(,)", "\x01\x1e\x1f\x7f"),
    "\x85\u2028\ufeff\uffff\U0010ffff",
)

EDGES: Mapping[str, Sequence[str]] = {
    "int2": ("-32768", "32767", "0"),
    "int4": ("-2147483648", "2147483647"),
    "int8": ("-9223372036854775808", "9223372036854775807", "999999999999999", "1000000000000000", "-9007199254740993"),
    "oid": ("0", "4294967295"),
    "xid8": ("0", "18446744073709551615"),
    "numeric": _NUMBERS,
    "numeric(10,3)": ("9999999.999", "-9999999.999", "NaN", "0.000"),
    "numeric(5,-2)": ("9999900", "-9999900", "0"),
    "money": ("92233720368547758.07", "-92233720368547758.08", "-0.01", "0"),
    "float4": (*_FLOATS, "1e-45", "1.17549435e-38", "3.4028235e+38", "16777217"),
    "float8": (*_FLOATS, "5e-324", "2.2250738585072014e-308", "1.7976931348623157e+308", "9007199254740993"),
    "bool": ("true", "false"),
    "text": _TEXTS,
    "varchar": _TEXTS,
    "bpchar": _TEXTS,
    "name": (*_TEXTS, "n" * 63),
    "citext": _TEXTS,
    "bytea": (r"\x", r"\x00", r"\xff275c22"),
    "varbit": ("", "0", "1" * 1_000),
    "date": (*_DATES, "5874897-12-31"),
    "time": ("00:00:00", "24:00:00", "23:59:60", "23:59:59.999999", "00:00:00.000001"),
    "timetz": ("00:00:00+15:59:59", "24:00:00-15:59:59", "23:59:60+00", "12:00:00+05:30"),
    "timestamp": tuple(each.format("") for each in _STAMPS),
    "timestamptz": (*(each.format("+00") for each in _STAMPS), "0044-03-15 12:00:00+05:30:15 BC"),
    "interval": (
        *("infinity", "-infinity", "0", "1 mon -30 days 00:00:00.000001", "-178000000 years", "178000000 years"),
        *("2147483646 months 2147483646 days", "-2147483647 months -2147483647 days", "2562047788:00:54.775806"),
    ),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "inet": ("0.0.0.0/32", "255.255.255.255/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/1", "::ffff:1.2.3.4"),
    "cidr": ("0.0.0.0/0", "::/0", "255.255.255.255/32"),
    "json": (*_DOCUMENTS, "1e400", "-1E-99999"),
    # A jsonb's number is a numeric.
    "jsonb": (*_DOCUMENTS, "1" + "0" * 131_071, "1e400", r'"\ud83d\ude00\u001e\u007f"'),
    "documented": _DOCUMENTS,
    "point": ("(0,-0)", "(NaN,Infinity)", "(-Infinity,1e-300)", "(1.7976931348623157e+308,5e-324)"),
    "circle": ("<(0,0),0>", "<(NaN,-Infinity),Infinity>"),
    "polygon": ("((NaN,NaN))", "((0,0),(Infinity,1),(1,-0))"),
    "box": ("(1,1),(1,1)", "(Infinity,Infinity),(-Infinity,-0)"),
    "int4range": ("empty", "(,)", "[-2147483648,2147483647)", "(,-2147483648)"),
    "int8range": ("empty", "(,)", "[-9223372036854775808,9223372036854775807)"),
    "numrange": ("empty", "(,)", "[NaN,NaN]", "[-Infinity,Infinity]", "(-Infinity,1.50]"),
    "daterange": ("empty", "(,)", "[-infinity,infinity)", '["4713-01-01 BC",5874897-12-31)'),
    "tsrange": ("empty", "(,)", "[-infinity,infinity]", '["4713-01-01 00:00:00 BC","294276-12-31 23:59:59.999999"]'),
    "tstzrange": ("empty", "[-infinity,infinity]", '["0044-03-15 12:00:00+00 BC","2016-12-31 23:59:60+00"]'),
    "int4multirange": ("{}", "{(,)}", "{(,-2147483648),[2147483646,2147483647)}"),
    "tstzmultirange": ("{}", "{[-infinity,infinity]}"),
    "hstore": ("", '""=>""', r'"NULL"=>NULL, "\\"=>"\""'),
    "tsvector": ("", r"' ' '''' '\\'", "'a':16383A"),
    "mood": ("", "NULL", 'dq"x', "comma,here"),
    "pg_lsn": ("0/0", "FFFFFFFF/FFFFFFFF"),
    "tid": ("(0,0)", "(4294967295,65535)"),
}


def double_quoted(text: str) -> str:
    """A text as an element of an array or a field of a composite."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def lists_of(values: Sequence[str], delimiter: str) -> list[str]:
    """Arrays of such values: empty, of nothing but NULL, with every value and NULL, with lower bounds, nested."""
    every = delimiter.join(map(double_quoted, values))
    first = double_quoted(values[0])
    return [
        *("{}", "{NULL}", f"{{{every}{delimiter}NULL}}", f"[2:2]={{{first}}}", f"[-1:0]={{NULL{delimiter}{first}}}"),
        f"{{{{{first}{delimiter}NULL}}{delimiter}{{NULL{delimiter}{first}}}}}",
        *(f"[0:0][3:4]={{{{{first}{delimiter}{first}}}}}", f"[1:1][2:2]={{{{{first}}}}}"),
    ]
