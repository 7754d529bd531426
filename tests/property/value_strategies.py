"""Values of PostgreSQL's types in the text form that its input functions read, with the edges of each type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hypothesis import strategies as st

from tests.property.object_strategies import OBJECTS

Texts = st.SearchStrategy[str]

characters = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
_TRICKY = st.text(st.sampled_from(" \t\n\r\v\f'\"\\{}()[],;:=>NULnul%_$.-+é😀\x01\x7f\u0085\u2028\ufeff"), max_size=12)
strings = characters | _TRICKY | st.sampled_from(["", "NULL", "null", "\\x41", "{1,2}", "(1,2)", '{"$json":1}', "1.50"])
_words = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=8)


def _numbers(low: int, high: int) -> Texts:
    edges = st.sampled_from([low, low + 1, -1, 0, 1, high - 1, high])
    return (st.integers(low, high) | edges.filter(lambda number: low <= number <= high)).map(str)


def _decimal(sign: str, whole: str, fraction: str) -> str:
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


_digits = st.text("0123456789", min_size=1, max_size=40)
_long = st.tuples(st.sampled_from("123456789"), st.integers(1, 130_000)).map(lambda drawn: drawn[0] * drawn[1])
numerics = st.builds(_decimal, st.sampled_from(["", "-"]), _digits, _digits | st.just(""))
_numeric_edges = st.sampled_from(
    [
        *("NaN", "Infinity", "-Infinity", "0", "-0", "0.00", "1.50", "999999999999999", "1000000000000000"),
        *("0.000000000000000001", "99999999999.9999", "99999999999.99999", f"1{'0' * 131_071}", f"0.{'0' * 16_382}1"),
    ]
)
cents = st.integers(-(2**63), 2**63 - 1).map(lambda count: f"{'-' if count < 0 else ''}{_cents(abs(count))}")


def _cents(count: int) -> str:
    return f"{count // 100}.{count % 100:02d}"


_float_edges = st.sampled_from(["NaN", "Infinity", "-Infinity", "-0", "0", "1e15", "123456.7", "0.1"])
doubles = st.floats(allow_nan=False, allow_infinity=False).map(repr)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr)
_coordinates = st.floats(-1e9, 1e9).map(repr) | st.sampled_from(["0", "-0", "1e-300", "NaN", "Infinity", "-Infinity"])


def _two(number: int) -> str:
    return f"{number:02d}"


def _date(year: int, month: int, day: int) -> str:
    return f"{abs(year) if year > 0 else 1 - year:04d}-{month:02d}-{day:02d}{'' if year > 0 else ' BC'}"


def _dates(last: int) -> Texts:
    years = st.integers(-4711, last) | st.sampled_from([-4711, -1, 0, 1, 1999, 2000, 9999, 10_000, last])
    return st.builds(_date, years, st.integers(1, 12), st.integers(1, 28))


_fractions = st.integers(0, 999_999).map(lambda micro: f".{micro:06d}") | st.just("")
_clocks = st.builds(
    lambda hour, minute, second, fraction: f"{hour:02d}:{minute:02d}:{second:02d}{fraction}",
    *(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), _fractions),
)
_LEAP = "23:59:60"
_offsets = st.builds(
    lambda sign, hour, minute, second: f"{sign}{hour:02d}:{minute:02d}" + (f":{second:02d}" if second else ""),
    *(st.sampled_from("+-"), st.integers(0, 15), st.integers(0, 59), st.sampled_from([0, 0, 0, 1, 59])),
)
times = _clocks | st.sampled_from(["00:00:00", "24:00:00", _LEAP, "23:59:59.999999", "00:00:00.000001"])
_zoned_times = st.builds("{}{}".format, times, _offsets)


def _moment(day: str, clock: str, zone: str) -> str:
    bare = day.removesuffix(" BC")
    return f"{bare} {clock}{zone}{day[len(bare) :]}"


def _moments(zone: Texts) -> Texts:
    plain = st.builds(_moment, _dates(294_275), _clocks, zone)
    edges = ["4713-01-01 00:00:00", "0001-12-31 23:59:59.999999", "0044-03-15 12:00:00"]
    return plain | st.builds(
        lambda edge, offset: f"{edge[0]}{offset}{edge[1]}",
        st.sampled_from([(edge, " BC") for edge in edges])
        | st.sampled_from(
            [(edge, "") for edge in ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "10000-01-01 00:00:00")]
            + [("294276-12-31 23:59:59.999999", ""), ("2016-12-31 23:59:60", ""), ("2000-01-01 00:00:00", "")]
        ),
        zone.map(lambda offset: "+00" if offset else ""),
    )


_INFINITIES = st.sampled_from(["infinity", "-infinity"])


def _interval(months: int, days: int, micro: int) -> str:
    return f"{months} months {days} days {micro} microseconds"


# As many microseconds as a 64-bit number of them, less what a double rounds up.
intervals = st.builds(
    _interval, st.integers(-(2**31) + 1, 2**31 - 1), st.integers(-(2**31) + 1, 2**31 - 1), st.integers(-(2**62), 2**62)
) | st.builds(_interval, st.integers(-13, 13), st.integers(-40, 40), st.integers(-90_000_000_000, 90_000_000_000))

_addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
_masked = st.builds(
    lambda address, bits: f"{address}/{bits if ':' in address else min(bits, 32)}", _addresses, st.integers(0, 128)
)
_v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda drawn: _network(*drawn))


def _network(address: int, bits: int) -> str:
    kept = address >> (32 - bits) << (32 - bits)
    return ".".join(str(kept >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{bits}"


def _hardware(length: int) -> Texts:
    return st.binary(min_size=length, max_size=length).map(lambda raw: raw.hex(":"))


_exponents = st.integers(-300, 300).map(lambda power: f"e{power}") | st.just("")
_json_numbers = st.builds(
    lambda sign, whole, fraction, power: f"{sign}{whole.lstrip('0') or '0'}{fraction}{power}",
    *(st.sampled_from(["", "-"]), _digits, _digits.map(".{}".format) | st.just(""), _exponents),
) | st.just("123456789" * 111 + "1." + "50" * 20)


def _quoted(text: str) -> str:
    short = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    return '"' + "".join(short.get(c, c if c >= " " else f"\\u{ord(c):04x}") for c in text) + '"'


_json_strings = strings.map(_quoted)
_json_keys = strings.filter(lambda key: key != "$json").map(_quoted) | st.just('"$json"')
documents: Texts = st.recursive(
    st.sampled_from(["null", "true", "false", "0", "-0.0", "[]", "{}"]) | _json_numbers | _json_strings,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(_json_keys, inner, max_size=3).map(
            lambda items: "{" + ",".join(f"{key}:{value}" for key, value in items.items()) + "}"
        )
    ),
    max_leaves=6,
)

points = st.builds("({},{})".format, _coordinates, _coordinates)
_some_points = st.lists(points, min_size=1, max_size=4).map(",".join)
_lines = st.tuples(st.floats(0.5, 100), st.floats(-100, 100), st.floats(-100, 100)).map("{0[0]},{0[1]},{0[2]}".format)
_paths = st.builds("[{}]".format, _some_points) | st.builds("({})".format, _some_points)

_lexemes = strings.filter(lambda text: text != "").map(
    lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
)
_vectors = st.lists(
    st.builds("{}{}".format, _lexemes, st.sampled_from(["", ":1", ":3A,16383", ":2B,2,5"])), max_size=4
).map(" ".join)
_terms = st.builds("{}{}".format, _lexemes, st.sampled_from(["", ":*", ":A", ":AB*"]))
_both = st.tuples(_terms, st.sampled_from([" & ", " | ", " <-> ", " <2> ", " & !"]), _terms).map(
    "({0[0]}{0[1]}{0[2]})".format
)
# What stands in parentheses on the right of the same operator PostgreSQL prints without them, and reads otherwise.
_queries = st.builds(lambda first, rest: " | ".join([first, *rest]), _both | _terms, st.lists(_terms, max_size=2))


def ranges(bounds: Texts, *, number: Callable[[str], float] | None = None) -> Texts:
    """Ranges between bounds; without `number` one side is open, as the text does not tell which is lower."""
    ends = st.tuples(st.sampled_from("[("), bounds, bounds, st.sampled_from("])"))

    def spelt(drawn: tuple[str, str, str, str]) -> str:
        open_, one, other, close = drawn
        if number is None:
            return f'{open_}"{one}",{close}' if one < other else f'{open_},"{one}"{close}'
        low, high = sorted((one, other), key=number)
        return f'{open_}"{low}","{high}"{close}'

    return ends.map(spelt) | st.sampled_from(["empty", "(,)"])


def multiranges(inner: Texts) -> Texts:
    """Multiranges of such ranges."""
    return st.lists(inner, max_size=3).map(lambda items: "{" + ",".join(items) + "}")


def _int_range(bits: int) -> Texts:
    # The highest number has no successor, which a closed range of it would need.
    return ranges(_numbers(-(2**bits), 2**bits - 2), number=int)


_small = st.integers(-99_999, 99_999).map(lambda number: f"{number / 100:.2f}")
_int4ranges, _int8ranges, _numranges = _int_range(31), _int_range(63), ranges(_small | st.just("1.500"), number=float)
_dateranges, _tsranges = ranges(_dates(294_275)), ranges(_moments(st.just("")))
_tstzranges = ranges(_moments(st.just("+00")))
_ltrees = st.lists(st.text("aZ09_é-", min_size=1, max_size=5), max_size=3).map(".".join)


def _double_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_hstores = st.dictionaries(strings.map(_double_quoted), strings.map(_double_quoted) | st.just("NULL"), max_size=3).map(
    lambda pairs: ",".join(f"{key}=>{value}" for key, value in pairs.items())
)
_tiny = st.floats(-1000, 1000, width=16).map(repr)

TYPES: Mapping[str, Texts] = {
    "int2": _numbers(-(2**15), 2**15 - 1),
    "int4": _numbers(-(2**31), 2**31 - 1),
    "int8": _numbers(-(2**63), 2**63 - 1),
    "oid": _numbers(0, 2**32 - 1),
    "xid8": _numbers(0, 2**64 - 1),
    "numeric": numerics | _numeric_edges,
    "numeric(10,3)": st.integers(-(10**10) + 1, 10**10 - 1).map(lambda number: f"{number / 1000:.3f}") | st.just("NaN"),
    "numeric(5,-2)": st.integers(-99_999, 99_999).map(lambda number: f"{number}00"),
    "money": cents | st.sampled_from(["0", "-0.01", "92233720368547758.07", "-92233720368547758.08"]),
    "float4": singles | _float_edges,
    "float8": doubles | _float_edges,
    "bool": st.sampled_from(["true", "false"]),
    "text": strings,
    "varchar": strings,
    "varchar(7)": strings.map(lambda text: text[:7]),
    "bpchar": strings,
    "char(7)": strings.map(lambda text: text[:7]),
    "name": strings.map(lambda text: text[:15]),
    '"char"': st.sampled_from(["", "a", " ", '"', "\\", "'", "\\101", "\\377", "{"]),
    "citext": strings,
    "bytea": st.binary(max_size=40).map(lambda raw: f"\\x{raw.hex()}"),
    "bit(5)": st.text("01", min_size=5, max_size=5),
    "varbit": st.text("01", max_size=70),
    "varbit(9)": st.text("01", max_size=9),
    "date": _dates(5_874_897) | _INFINITIES,
    "time": times,
    "time(3)": times,
    "timetz": _zoned_times | st.sampled_from(["24:00:00-15:59", "00:00:00+15:59:59"]),
    "timestamp": _moments(st.just("")) | _INFINITIES,
    "timestamptz": _moments(_offsets) | _INFINITIES,
    "interval": intervals | _INFINITIES,
    "uuid": st.uuids().map(str),
    "inet": _addresses | _masked,
    "cidr": _v4 | st.sampled_from(["::/0", "2001:db8::/32", "::ffff:1.2.3.4/128", "::1.2.3.0/120"]),
    "macaddr": _hardware(6),
    "macaddr8": _hardware(8),
    "json": documents,
    "jsonb": documents,
    "jsonpath": st.sampled_from(["$", "strict $.a[*] ? (@ > 1.50)", '$."a b"[last]', '$.* ? (@ like_regex "^\\\\d")']),
    "point": points,
    "lseg": st.builds("[{},{}]".format, points, points),
    "line": st.builds("{{{}}}".format, _lines) | st.sampled_from(["{0,-1,2}", "{-1,0,2.5}"]),
    "box": st.builds("{},{}".format, points, points),
    "path": _paths,
    "polygon": st.builds("({})".format, _some_points),
    "circle": st.builds("<{},{}>".format, points, st.floats(0, 1e9).map(repr) | st.sampled_from(["Infinity", "NaN"])),
    "tsvector": _vectors,
    "tsquery": _queries | st.just(""),
    "int4range": _int4ranges,
    "int8range": _int8ranges,
    "numrange": _numranges,
    "daterange": _dateranges,
    "tsrange": _tsranges,
    "tstzrange": _tstzranges,
    "int4multirange": multiranges(_int4ranges),
    "int8multirange": multiranges(_int8ranges),
    "nummultirange": multiranges(_numranges),
    "datemultirange": multiranges(_dateranges),
    "tsmultirange": multiranges(_tsranges),
    "tstzmultirange": multiranges(_tstzranges),
    "pg_lsn": st.integers(0, 2**64 - 1).map(lambda number: f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"),
    "tid": st.builds("({},{})".format, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)),
    **OBJECTS,
    "hstore": _hstores,
    "ltree": _ltrees,
    "lquery": st.sampled_from(["a.*{1,2}.b|c@", "*.x%.!y", "é_1@*"]),
    "ltxtquery": st.sampled_from(["Europe & Russia*@ & !Transportation", "a | b%"]),
    "halfvec(3)": st.tuples(_tiny, _tiny, _tiny).map("[{0[0]},{0[1]},{0[2]}]".format),
    "sparsevec(5)": st.dictionaries(st.integers(1, 5), _tiny, max_size=3).map(
        lambda held: "{" + ",".join(f"{at}:{value}" for at, value in sorted(held.items())) + "}/5"
    ),
    "vector(3)": st.tuples(_tiny, _tiny, _tiny).map("[{0[0]},{0[1]},{0[2]}]".format),
    "mood": st.sampled_from(["sad", "Über glad", "with space", "quo'te", 'dq"x', "comma,here", "", "NULL"]),
    "positive": _numbers(1, 2**31 - 1),
    "documented": documents,
    "short": strings.map(lambda text: text[:5]),
    "unheard": _words,
}
"""By the type as a column declares it; the last five are of the test's own making."""

SETUP = """
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION vector;
CREATE TYPE mood AS ENUM ('sad', 'Über glad', 'with space', 'quo''te', 'dq"x', 'comma,here', '', 'NULL');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN documented AS jsonb;
CREATE DOMAIN short AS varchar(5);
CREATE TYPE unheard;
CREATE FUNCTION unheard_in(cstring) RETURNS unheard LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION unheard_out(unheard) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE unheard (INPUT = unheard_in, OUTPUT = unheard_out, LIKE = text);
"""


def arrays(elements: Texts, delimiter: str = ",") -> Texts:
    """Arrays of one to three dimensions, with NULLs and lower bounds, and the empty one."""
    some = elements.map(_double_quoted) | st.just("NULL")

    def of_shape(drawn: tuple[Sequence[int], Sequence[int] | None]) -> Texts:
        shape, lows = drawn
        bounds = "" if lows is None else "".join(f"[{low}:{low + n - 1}]" for low, n in zip(lows, shape, strict=False))
        body = _nested(some, shape, delimiter)
        return body.map(lambda text: f"{bounds}={text}" if bounds else text)

    shapes = st.lists(st.integers(1, 2), min_size=1, max_size=3)
    lows = st.lists(st.integers(-3, 3), min_size=3, max_size=3)
    return st.tuples(shapes, st.none() | lows).flatmap(of_shape) | st.just("{}")


def _nested(some: Texts, shape: Sequence[int], delimiter: str) -> Texts:
    inner = some if len(shape) == 1 else _nested(some, shape[1:], delimiter)
    return st.lists(inner, min_size=shape[0], max_size=shape[0]).map(lambda each: "{" + delimiter.join(each) + "}")


def composites(*fields: st.SearchStrategy[str | None]) -> Texts:
    """Composites of such fields, NULL ones too."""
    return st.tuples(*fields).map(
        lambda drawn: "(" + ",".join("" if field is None else _double_quoted(field) for field in drawn) + ")"
    )
