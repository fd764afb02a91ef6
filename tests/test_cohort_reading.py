"""Cohorts from files and standard input: every row is read or set aside, and no bad row stops or eats another."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from infusecalc.cohort.files.reading import choose_form, open_cohort
from infusecalc.errors import BadInput

HEADER = "patient_id,drug,weight_kg\n"
GOOD = "p1,infliximab,70\n"


@pytest.fixture
def write(tmp_path):
    def write(content: bytes | str, name: str = "cohort.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
        return str(path)

    return write


def read(name, form="csv", rows=1000, check=tuple, also=frozenset()):
    return list(open_cohort(name, form, rows, check, also).chunks())


def rows_of(chunks):
    return [row for chunk in chunks for row in chunk.frame.iter_rows()]


def broken_of(chunks):
    return [each for chunk in chunks for each in chunk.broken]


def numbers_of(chunks):
    return [number for chunk in chunks for number in chunk.numbers]


def refusal(*args, **kwargs):
    with pytest.raises(BadInput) as caught:
        read(*args, **kwargs)
    return str(caught.value)


def pipe_in(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


# --- forms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.csv", "csv"), ("a.CSV", "csv"), ("a.csv.gz", "csv"), ("a.ndjson", "ndjson"), ("a.ndjson.GZ", "ndjson"),
        ("a.jsonl", "ndjson"), ("a.jsonl.gz", "ndjson"), ("a.b.Parquet", "parquet"),
    ],
)  # set in rows # fmt: skip
def test_an_extension_names_the_form(name, form):
    assert choose_form(None, name, "from_") == form
    assert choose_form(form, name, "from_") == form


def test_a_form_that_was_asked_for_holds_where_no_extension_names_one():
    assert choose_form("csv", "cohort.txt", "from_") == "csv"
    assert choose_form("parquet", "-", "to") == "parquet"
    assert choose_form(None, "-", "to") is None
    assert choose_form(None, "a.json", "from_") == "ndjson"


@pytest.mark.parametrize(
    ("asked", "name", "says"),
    [
        ("xml", "a.csv", "`to` 'xml' is not a format for cohorts (allowed: csv, ndjson, parquet, nonmem, fhir)"),
        (
            "csv",
            "a.jsonl",
            "`to` 'csv' does not match the file name, 'a.jsonl' (allowed: ndjson); give ndjson, or name the file NAME",
        ),
        (None, "a.xlsx", "file 'a.xlsx' has no known extension (allowed: .csv, .csv.gz, .ndjson, "),
        (None, "a.json", "file 'a.json' has no known extension"),
        (None, "a.parquet.gz", "file 'a.parquet.gz' has no known extension"),
    ],
)
def test_a_form_that_is_unknown_or_clashes_or_is_not_named_is_refused(asked, name, says):
    with pytest.raises(BadInput) as caught:
        choose_form(asked, name, "to")
    assert str(caught.value).startswith(says)


# --- CSV ------------------------------------------------------------------------------------------------------


def test_rows_come_as_texts_and_an_empty_cell_is_null(write):
    (chunk,) = read(write(HEADER + "p1,infliximab,70.10\n,rituximab,\n"))
    assert chunk.frame.schema == dict.fromkeys(("patient_id", "drug", "weight_kg"), pl.String)
    assert chunk.frame.rows() == [("p1", "infliximab", "70.10"), (None, "rituximab", None)]
    assert (chunk.first, chunk.numbers.to_list(), chunk.broken, chunk.done) == (1, [1, 2], (), 1.0)
    assert chunk.numbers.dtype == pl.Int64


def test_the_check_gets_the_names_of_the_file_and_gives_those_of_the_columns(write):
    seen = []

    def check(names):
        seen.append(tuple(names))
        return tuple(name.strip().lower() for name in names)

    cohort = open_cohort(write('Drug, "Weight",START\nx,1,2\n'), "csv", 10, check)
    assert seen == [("Drug", ' "Weight"', "START")]
    assert cohort.columns == ("drug", '"weight"', "start")
    assert cohort.types == dict.fromkeys(cohort.columns, pl.String)
    assert rows_of(cohort.chunks()) == [("x", "1", "2")]


def test_what_the_check_refuses_is_refused(write):
    def check(names):
        raise BadInput("header", names[0], "is not known")

    assert refusal(write(HEADER), check=check) == "header 'patient_id' is not known"


@pytest.mark.parametrize("content", [
    HEADER + GOOD + "p2,b,1", "\ufeff" + HEADER + GOOD + "p2,b,1\n", (HEADER + GOOD + "p2,b,1\n").replace("\n", "\r\n"),
    "\n  \n" + HEADER + "\n   \n" + GOOD + "\n" + "p2,b,1\n\n \n",
    '"patient_id","drug",weight_kg\r\n' + GOOD + '"p2","b",1\r\n',
    HEADER + 'p1,"infliximab","70"\n"p2",b,1\n',
], ids=["no last line feed", "BOM", "CRLF", "blank lines", "quoted CRLF", "quoted"])  # set in rows # fmt: skip
def test_line_ends_a_mark_at_the_beginning_blank_lines_and_quotes_change_nothing(content, write):
    chunks = read(write(content))
    assert rows_of(chunks) == [("p1", "infliximab", "70"), ("p2", "b", "1")]
    assert chunks[0].frame.columns == ["patient_id", "drug", "weight_kg"]
    assert (numbers_of(chunks), broken_of(chunks)) == ([1, 2], [])


def test_one_column_is_enough(write):
    assert rows_of(read(write("drug\na\n\nb\n"))) == [("a",), ("b",)]


def test_a_header_alone_is_a_cohort_without_rows(write):
    assert read(write(HEADER)) == []


def test_chunks_count_their_rows_through_with_the_broken_ones(write):
    lines = [f"p{n},a\n" if n % 7 == 0 else f"p{n},a,1\n" for n in range(1, 36)]
    chunks = read(write(HEADER + "\n".join(lines)), rows=10)
    assert sorted(numbers_of(chunks) + [each.row for each in broken_of(chunks)]) == list(range(1, 36))
    assert [each.row for each in broken_of(chunks)] == [7, 14, 21, 28, 35]
    assert [row[0] for row in rows_of(chunks)] == [f"p{n}" for n in numbers_of(chunks)]
    assert [chunk.first for chunk in chunks] == [1, 6, 11, 16, 21, 26, 31]  # every second line is blank
    assert all(chunk.frame.height + len(chunk.broken) <= 10 for chunk in chunks)


def test_a_chunk_of_blank_lines_is_none(write):
    chunks = read(write(HEADER + "\n" * 50 + GOOD), rows=10)
    assert [(chunk.first, chunk.frame.height) for chunk in chunks] == [(1, 1)]


def test_the_share_that_was_read_rises_to_the_whole(write):
    content = HEADER + "".join(f"p{n},a,1\n" for n in range(300_000))
    shares = [chunk.done for chunk in read(write(content), rows=20_000)]
    assert 0 < shares[0] < 0.6
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


_TOO_FEW = "the row has 2 cells, the header has 3 cells; write a comma for each cell, also for an empty one"
_TOO_MANY = "the row has 4 cells, the header has 3 cells; put quotes around a cell that holds a comma"


@pytest.mark.parametrize(
    ("line", "cells", "reason"),
    [
        ("p2,b", {"patient_id": "p2", "drug": "b"}, _TOO_FEW),
        ("p2,,1,x", {"patient_id": "p2", "weight_kg": "1"}, _TOO_MANY),
        ('p2,"b,c"', {"patient_id": "p2", "drug": "b,c"}, _TOO_FEW),
    ],
)
@pytest.mark.parametrize("around", [GOOD, 'p1,"infliximab",70\n', 'p1,"inflixi\nmab",70\n'])
def test_a_row_with_too_few_or_too_many_cells_is_broken_and_its_neighbours_are_read(around, line, cells, reason, write):
    chunks = read(write(f"{HEADER}{around}{line}\r\n{around}"))
    (broken,) = broken_of(chunks)
    assert broken.as_dict() == {
        "row": 2, "cells": cells, "raw": line, "column": None, "code": "ragged", "reason": reason,
    }  # set in rows # fmt: skip
    assert numbers_of(chunks) == [1, 3]


def test_only_broken_rows_give_an_empty_frame_with_all_columns(write):
    for content in ("a\nb\n", '"a"\n', '"a\n'):
        (chunk,) = read(write(HEADER + content))
        assert chunk.frame.schema == dict.fromkeys(("patient_id", "drug", "weight_kg"), pl.String)
        assert (chunk.frame.height, len(chunk.broken)) == (0, content.count("\n"))


def test_a_quote_inside_an_unquoted_cell_is_an_ordinary_character(write):
    chunks = read(write(HEADER + "p1,infliximab,5'9\"\n" + GOOD))
    assert (rows_of(chunks)[0][2], len(rows_of(chunks)), broken_of(chunks)) == ("5'9\"", 2, [])


def test_quoted_cells_hold_commas_quotes_and_line_ends_as_they_are(write):
    content = HEADER + '"a,b","say ""x""",1\r\n\r\n"two\r\n\r\nlines",b,2\r\n' + GOOD
    chunks = read(write(content))
    assert rows_of(chunks) == [
        ("a,b", 'say "x"', "1"), ("two\r\n\r\nlines", "b", "2"), ("p1", "infliximab", "70"),
    ]  # set in rows # fmt: skip
    assert numbers_of(chunks) == [1, 2, 3]


def test_a_row_over_several_lines_may_end_in_the_lines_of_the_next_chunk(write):
    content = HEADER + "".join(f'p{n},"one\ntwo\nthree",{n}\n' for n in range(20))
    chunks = read(write(content), rows=4)
    assert rows_of(chunks) == [(f"p{n}", "one\ntwo\nthree", str(n)) for n in range(20)]
    assert numbers_of(chunks) == list(range(1, 21))


@pytest.mark.parametrize("rows", [10, 5000])
def test_a_quote_that_is_never_closed_costs_its_own_row_alone(rows, write):
    chunks = read(write(HEADER + GOOD + 'p2,"infliximab,70\n' + GOOD * 1000), rows=rows)
    (broken,) = broken_of(chunks)
    assert (broken.row, broken.code, broken.column) == (2, "ragged", None)
    assert (broken.raw, broken.cells) == ('p2,"infliximab,70', {"patient_id": "p2"})
    assert broken.reason == "the row has a quote that is not closed on its line"
    assert numbers_of(chunks) == [1, *range(3, 1003)]


def test_a_quote_that_is_not_closed_in_the_last_line_costs_that_row_alone(write):
    chunks = read(write(HEADER + GOOD + 'p2,infliximab,"70'))
    assert (numbers_of(chunks), [each.row for each in broken_of(chunks)]) == ([1], [2])


@pytest.mark.parametrize(
    "later", ['p7,"a",1\n', '"p7",a,1\n', 'p7,a"b,1\n', 'p7,"a"",1\n', 'p7,a,"1"\n', 'p7,a",1,2\n']
)
def test_a_quote_that_meets_one_of_a_later_row_eats_no_rows_in_between(later, write):
    chunks = read(write(HEADER + 'p1,"a,1\n' + GOOD * 5 + later + GOOD))
    assert broken_of(chunks)[0].row == 1
    assert numbers_of(chunks)[:5] == [2, 3, 4, 5, 6]
    assert numbers_of(chunks)[-1] == 8


@pytest.mark.parametrize(("lines", "fits"), [(100, True), (101, False)])
def test_a_quoted_cell_may_go_over_100_lines(lines, fits, write):
    chunks = read(write(HEADER + 'p1,"' + "\n".join("x" * lines) + '",1\n' + GOOD))
    assert (broken_of(chunks) == []) is fits
    assert rows_of(chunks)[-1] == ("p1", "infliximab", "70")


def test_a_quoted_cell_may_not_go_over_1_mb_in_several_lines(write):
    long = "x" * 600_000
    chunks = read(write(f'{HEADER}p1,"{long}\n{long}\n{long}",1\n{GOOD}'))
    assert broken_of(chunks)[0].reason == "the row has a quote that is not closed on its line"
    assert rows_of(chunks) == [("p1", "infliximab", "70")]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_10_mb_is_a_broken_row_that_is_kept_as_it_is(quote, write):
    long = "x" * 10_000_000
    chunks = read(write(f"{HEADER}{GOOD}p2,{quote}{long}{quote},1\n{GOOD}"))
    (broken,) = broken_of(chunks)
    assert (broken.row, broken.column, broken.code, broken.raw) == (2, "drug", "too-long", None)
    assert broken.reason == "the cell is over 10,000 characters"
    assert broken.cells == {"patient_id": "p2", "drug": long, "weight_kg": "1"}
    assert numbers_of(chunks) == [1, 3]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_10_000_characters_is_read_however_long_its_row_is(quote, write):
    cell = f"{quote}{'x' * 10_000}{quote}"
    chunks = read(write(f"{HEADER}{cell},{cell},{cell}\n{GOOD}"))
    assert (numbers_of(chunks), broken_of(chunks)) == ([1, 2], [])
    assert len(broken_of(read(write(f"{HEADER}{cell},{quote}{'x' * 10_001}{quote},1\n")))) == 1


def test_many_long_rows_make_chunks_of_about_16_mb(write):
    content = HEADER + f"p1,{'x' * 9_000},1\n" * 3_000
    chunks = read(write(content), rows=50_000)
    assert numbers_of(chunks) == list(range(1, 3_001))
    assert all(chunk.frame.estimated_size() < 20_000_000 for chunk in chunks)


def test_a_line_beyond_all_measure_is_cut_and_reading_goes_on(write, monkeypatch):
    monkeypatch.setattr("infusecalc.cohort.files.text._LONGEST_LINE", 3_000_000)
    chunks = read(write(HEADER + GOOD + "p2," + "x" * 9_000_000 + ",1\n" + GOOD))
    (broken,) = broken_of(chunks)
    assert (broken.row, broken.code) == (2, "too-long")
    assert len(broken.cells["drug"]) < 5_000_000
    assert numbers_of(chunks) == [1, 3]


@pytest.mark.parametrize("other", [b"infliximab", b'"infliximab"', b'"inflixi\nmab"'])
def test_bytes_that_are_not_utf_8_make_a_broken_row_that_spells_them_out(other, write):
    content = HEADER.encode() + b"p1," + other + b",70\nM\xfcller,\xe9,\xc3\xa9\nM\xc3\xbcller,b,1\n"
    chunks = read(write(content))
    (broken,) = broken_of(chunks)
    assert broken.as_dict() == {
        "row": 2, "cells": {"patient_id": "M\\xfcller", "drug": "\\xe9", "weight_kg": "\u00e9"}, "raw": None,
        "column": "patient_id", "code": "not-utf8", "reason": "the cell is not in UTF-8",
    }  # set in rows # fmt: skip
    assert rows_of(chunks)[1] == ("M\u00fcller", "b", "1")


def test_the_raw_line_of_a_ragged_row_spells_its_bytes_out_too(write):
    (broken,) = broken_of(read(write(HEADER.encode() + b"M\xfcller\n")))
    assert (broken.code, broken.raw, broken.cells) == ("ragged", "M\\xfcller", {"patient_id": "M\\xfcller"})


def test_control_characters_are_left_to_whoever_reads_the_cell(write):
    chunks = read(write(HEADER + "p\x001,a\x85b\u2028c\x0bd,1\r2\n" + 'p"2,a,b\n'))
    assert rows_of(chunks) == [("p\x001", "a\x85b\u2028c\x0bd", "1\r2"), ('p"2', "a", "b")]


def test_a_carriage_return_amid_a_line_with_quotes_makes_a_broken_row(write):
    chunks = read(write(HEADER + '"p1",a\rb,1\n' + GOOD))
    (broken,) = broken_of(chunks)
    assert (broken.row, broken.code, broken.cells, broken.raw) == (1, "ragged", {}, '"p1",a\rb,1')
    assert broken.reason == "the line has a carriage return in its middle"
    assert numbers_of(chunks) == [2]


def test_a_reason_holds_no_value_of_its_row(write):
    content = HEADER.encode() + b'SECRET\nSECRET,"SECRET,1\nSECRET,SECRET,\xff\n"SECRET",SECRET\rSECRET,1\n'
    found = broken_of(read(write(content)))
    assert [each.code for each in found] == ["ragged", "ragged", "not-utf8", "ragged"]
    assert not any("SECRET" in each.reason for each in found)


# --- NDJSON ---------------------------------------------------------------------------------------------------


def objects(*lines):
    return "".join(f"{line}\n" for line in lines)


def test_json_numbers_keep_their_text_and_null_or_absent_is_null(write):
    content = objects(
        '{"a": 70.10, "b": 1e2}', '{"b": NaN, "a": "x"}', "", "  ", '{"a": null, "b": true}', '{"b": false}',
        '{"a": "", "b": -Infinity}', '{"a": 12345678901234567890123, "b": "\\ud83d\\ude00"}', "{}",
    )  # set in rows # fmt: skip
    (chunk,) = read(write("\ufeff" + content.replace("\n", "\r\n")), "ndjson")
    assert chunk.frame.schema == {"a": pl.String, "b": pl.String}
    assert chunk.frame.rows() == [
        ("70.10", "1e2"), ("x", "NaN"), (None, "true"), (None, "false"), ("", "-Infinity"),
        ("12345678901234567890123", "\U0001f600"), (None, None),
    ]  # set in rows # fmt: skip
    assert chunk.numbers.to_list() == list(range(1, 8))


@pytest.mark.parametrize(
    ("line", "column", "code", "reason", "cells"),
    [
        ("5", None, "not-json", "the line is not a JSON object", {}),
        ("[1]", None, "not-json", "the line is not a JSON object", {}),
        ('{"a": 1', None, "not-json", "the line is not a JSON object", {}),
        ("[" * 200_000, None, "not-json", "the line is not a JSON object", {}),
        ('{"a":' * 200_000, None, "not-json", "the line is not a JSON object", {}),
        ('{"a": 1, "b": 2, "a": 3}', "a", "not-json", "the field is there twice", {"b": "2"}),
        ('{"a": 1, "b": [2]}', "b", "not-json", "the field is a list or an object", {"a": "1"}),
        ('{"a": {}, "b": true}', "a", "not-json", "the field is a list or an object", {"b": "true"}),
        ('{"a": {}, "b": [], "c": 1, "a": 1}', "a", "not-json", "the field is a list or an object", {}),
        ('{"a": 1, "c": 2}', None, "ragged", "the row has a field that the first rows do not have", {"a": "1"}),
        ('{"a": 1, "\\ud800": 2}', None, "not-utf8", "the name of a field is not in UTF-8", {"a": "1"}),
    ],
)
def test_a_line_that_is_no_flat_object_with_known_fields_is_broken(line, column, code, reason, cells, write):
    content = objects('{"a": 1, "b": 2}', '{"a": 1, "b": 2}', line, '{"a": 3, "b": 4}')
    chunks = read(write(content), "ndjson", rows=2)
    (broken,) = broken_of(chunks)
    assert broken.as_dict() == {
        "row": 3, "cells": cells, "raw": line, "column": column, "code": code, "reason": reason,
    }  # set in rows # fmt: skip
    assert numbers_of(chunks) == [1, 2, 4]


def test_half_characters_and_bytes_that_are_not_utf_8_make_a_broken_row_in_json_too(write):
    content = b'{"a": "\\ud800x", "b": 1}\n{"a": "\xff", "b": 2}\n{"a": "\xc3\xa9", "b": 3}\n\xff\n'
    chunks = read(write(content), "ndjson")
    first, second, third = broken_of(chunks)
    assert (first.column, first.code, first.cells, first.raw) == ("a", "not-utf8", {"a": "\\ud800x", "b": "1"}, None)
    assert (second.column, second.code, second.cells) == ("a", "not-utf8", {"a": "\\xff", "b": "2"})
    assert (third.code, third.raw) == ("not-json", "\\xff")
    assert rows_of(chunks) == [("\u00e9", "3")]


def test_a_long_json_text_makes_a_broken_row(write):
    content = objects(json.dumps({"a": "x" * 10_000, "b": "y"}), json.dumps({"a": "x", "b": "y" * 10_001}))
    chunks = read(write(content), "ndjson")
    assert numbers_of(chunks) == [1]
    assert [(each.column, each.code) for each in broken_of(chunks)] == [("b", "too-long")]


def test_the_columns_are_those_of_the_first_lines_in_their_order_and_the_known_ones_behind(write):
    content = objects('{"Drug": "x"}', '{"start": 1, "Drug": "y"}', '{"bsa": 2, "drug": "z"}', '{"Drug": 1, "drug": 2}')
    check = lambda names: tuple(name.lower() for name in names)  # noqa: E731 - as short as it gets
    cohort = open_cohort(write(content), "ndjson", 2, check, frozenset({"drug", "weight", "bsa"}))
    assert cohort.columns == ("drug", "start", "bsa", "weight")
    chunks = list(cohort.chunks())
    assert rows_of(chunks) == [("x", None, None, None), ("y", "1", None, None), ("z", None, "2", None)]
    assert [(each.row, each.column, each.cells) for each in broken_of(chunks)] == [(4, "drug", {})]


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "5\n", "{}\n"])
def test_a_file_without_json_objects_is_refused(content, write):
    assert "has no JSON object with a field in its first lines" in refusal(write(content), "ndjson")


# --- files that are something else ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "form", "says"),
    [
        (b"", "csv", "is empty"),
        (b"\n \r\n\n", "csv", "is empty"),
        (b"\xef\xbb\xbf", "csv", "is empty"),
        (b"", "ndjson", "is empty"),
        (b"", "parquet", "is empty"),
        (b"PAR1xxxx", "csv", "is Parquet"),
        (b"PAR1xxxx", "ndjson", "is Parquet"),
        (b"a,b\n1,2\n", "parquet", "is not Parquet"),
        (b"PAR1xxxxPAR1", "parquet", "is damaged: it cannot be read as Parquet"),
        (b"PK\x03\x04xx", "csv", "is a ZIP file or a spreadsheet"),
        ("a,b\n".encode("utf-16"), "csv", "is in UTF-16"),
        (b"\xfe\xff\0a", "ndjson", "is in UTF-16"),
        (b' {"a": 1}\n', "csv", "is JSON, not CSV; read it with `from_` ndjson"),
        (b"dr\xfcg,a\n1,2\n", "csv", "has a header that is not UTF-8"),
        (b"a,b\r1,2\r3,4\r", "csv", "has a header that runs over several lines"),
        (b'a,"b\n1,2\n', "csv", "has a header that runs over several lines"),
        (gzip.compress(b"a\n1\n", mtime=0), "csv", "is compressed with gzip, but its name does not say so"),
        (gzip.compress(b"a\n1\n", mtime=0), "parquet", "is not Parquet"),
    ],
)
def test_a_file_that_is_not_what_it_is_read_as_is_refused(content, form, says, write):
    name = write(content, "cohort")
    assert refusal(name, form).startswith(f"cohort '{name}' {says}") or len(name) > 70


def test_a_file_that_is_not_there_or_a_folder_or_no_name_is_refused(tmp_path):
    assert "cannot be read: No such file or directory" in refusal(str(tmp_path / "none.csv"))
    assert "cannot be read: Is a directory" in refusal(str(tmp_path))
    assert "cannot be read: it is not a file name" in refusal("a\0b.csv")


# --- gzip -----------------------------------------------------------------------------------------------------


def test_gzip_is_read_under_a_name_that_says_so(write):
    packed = gzip.compress((HEADER + GOOD).encode()) + gzip.compress(b"p2,b,1\n")
    (chunk,) = read(write(packed, "cohort.csv.GZ"))
    assert (chunk.frame.height, chunk.done) == (2, 1.0)
    assert rows_of(read(write(gzip.compress(b'{"a": 1}\n'), "c.jsonl.gz"), "ndjson")) == [("1",)]


def test_a_name_that_says_gzip_holds_gzip(write):
    assert "is not compressed with gzip; give it a name without .gz" in refusal(write(HEADER, "c.csv.gz"))


@pytest.mark.parametrize("content", [b"PAR1xxxx", gzip.compress(b"a\n", mtime=0)])
def test_what_is_inside_gzip_has_to_be_text(content, write):
    assert "is Parquet" in (says := refusal(write(gzip.compress(content), "c.csv.gz"))) or "gzip" in says


@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_gzip_that_is_damaged_is_refused_when_it_is_met(damage, write):
    content = (HEADER + "".join(f"p{n},a{n * n},1\n" for n in range(400_000))).encode()
    packed = gzip.compress(content, 1)
    middle = len(packed) * 3 // 4
    packed = packed[:middle] if damage == "cut off" else packed[:middle] + b"\xff" * 99 + packed[middle + 99 :]
    chunks = open_cohort(write(packed, "c.csv.gz"), "csv", 10_000, tuple).chunks()
    assert next(chunks).frame.height == 10_000
    with pytest.raises(BadInput, match="is damaged: its gzip is cut off or corrupt"):
        list(chunks)


def test_gzip_that_ends_at_once_is_refused(write):
    assert "is damaged" in refusal(write(gzip.compress(b"a\n")[:8], "c.csv.gz"))


# --- standard input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read_and_left_open(pack, monkeypatch):
    pipe_in(monkeypatch, pack((HEADER + GOOD).encode()))
    (chunk,) = read("-")
    assert (chunk.frame.rows(), chunk.done) == ([("p1", "infliximab", "70")], None)
    assert not sys.stdin.buffer.closed


def test_json_is_read_from_standard_input(monkeypatch):
    pipe_in(monkeypatch, b'{"a": 1.0}\n')
    assert rows_of(read("-", "ndjson")) == [("1.0",)]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (HEADER + GOOD, "csv"),
        ("\n  \n" + HEADER + GOOD, "csv"),
        ("\ufeff" + HEADER + GOOD, "csv"),
        ('{"a": 1}\n', "ndjson"),
        ('\ufeff \n{"a": 1}\n', "ndjson"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_form_of_standard_input_is_told_by_its_first_bytes(pack, content, form, monkeypatch):
    pipe_in(monkeypatch, pack(content.encode()))
    cohort = open_cohort("-", None, 10, tuple)
    assert cohort.form == form
    assert len(rows_of(cohort.chunks())) == 1


def test_parquet_on_standard_input_is_told_by_its_first_bytes(monkeypatch):
    content = io.BytesIO()
    pl.DataFrame({"a": [1, 2]}).write_parquet(content)
    pipe_in(monkeypatch, content.getvalue())
    cohort = open_cohort("-", None, 10, tuple)
    assert (cohort.form, rows_of(cohort.chunks())) == ("parquet", [(1,), (2,)])
    for text, says in ((b"PARE", "is encrypted"), (b"[1]", "a JSON array"), (b"", "is empty"), (b"PK\3\4", "ZIP")):
        pipe_in(monkeypatch, text)
        assert says in refusal("-", None)


def test_standard_input_that_is_closed_or_empty_is_refused(monkeypatch):
    pipe_in(monkeypatch, b"")
    assert refusal("-").startswith("cohort '-' is empty")
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "standard input is closed; give a file"


def test_parquet_from_standard_input_is_copied_and_the_copy_removed(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = io.BytesIO()
    pl.DataFrame({"a": [1, 2]}).write_parquet(content)
    pipe_in(monkeypatch, content.getvalue())
    cohort = open_cohort("-", "parquet", 10, tuple)
    assert list(tmp_path.iterdir())
    assert rows_of(cohort.chunks()) == [(1,), (2,)]
    assert list(tmp_path.iterdir()) == []
    pipe_in(monkeypatch, b"PAR1 is all there is")
    assert "is damaged" in refusal("-", "parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_nobody_reads_is_removed_too(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = io.BytesIO()
    pl.DataFrame({"a": [1, 2]}).write_parquet(content)
    pipe_in(monkeypatch, content.getvalue())
    cohort = open_cohort("-", "parquet", 1, tuple)
    chunks = cohort.chunks()
    next(chunks)
    chunks.close()
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_with_a_name_is_read_in_both_ways(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = io.BytesIO()
    pl.DataFrame({"a": ["x"]}).write_parquet(content)
    for form, text in (("csv", b"a\nx\n"), ("parquet", content.getvalue())):
        writer = threading.Thread(target=path.write_bytes, args=(text,))
        writer.start()
        (chunk,) = read(str(path), form)
        writer.join()
        assert chunk.frame.rows() == [("x",)]


# --- Parquet --------------------------------------------------------------------------------------------------


def test_parquet_keeps_types_and_order_and_gives_categories_as_texts(tmp_path):
    name = str(tmp_path / "drug=x[1]*.parquet")
    pl.DataFrame(
        {
            "^N.*$": range(95),
            "w": pl.Series([1.5, None, *[2.0] * 93]),
            "c": pl.Series(["a", "b", None, *["c"] * 92], dtype=pl.Categorical),
            "e": pl.Series(["x"] * 95, dtype=pl.Enum(["x", "y"])),
        }
    ).write_parquet(name, row_group_size=13)
    cohort = open_cohort(name, "parquet", 10, lambda names: tuple(each.lower() for each in names))
    assert cohort.types == {"^n.*$": pl.Int64, "w": pl.Float64, "c": pl.String, "e": pl.String}
    chunks = list(cohort.chunks())
    assert all(chunk.frame.schema == cohort.types for chunk in chunks)
    assert [row[0] for row in rows_of(chunks)] == list(range(95))
    assert rows_of(chunks)[:3] == [(0, 1.5, "a", "x"), (1, None, "b", "x"), (2, 2.0, None, "x")]
    assert numbers_of(chunks) == list(range(1, 96))
    assert [chunk.first for chunk in chunks] == [chunk.numbers[0] for chunk in chunks]
    assert len(chunks) > 5
    assert chunks[-1].done == 1.0
    assert 0 < chunks[0].done < 0.5


def test_parquet_without_rows_is_a_cohort_without_rows_and_without_columns_is_refused(tmp_path):
    name = str(tmp_path / "a.parquet")
    pl.DataFrame({"a": []}, schema={"a": pl.Int64}).write_parquet(name)
    assert rows_of(read(name, "parquet")) == []
    pl.DataFrame().write_parquet(name)
    assert "has no columns" in refusal(name, "parquet")


def test_parquet_that_is_damaged_is_refused_also_midway(tmp_path):
    path = Path(tmp_path / "a.parquet")
    pl.DataFrame({"a": [f"p{n * n}" for n in range(500_000)]}).write_parquet(path, row_group_size=10_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "is damaged: it cannot be read as Parquet" in refusal(str(path), "parquet")
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + b"\xff" * 50_000 + whole[middle + 50_000 :])
    chunks = open_cohort(str(path), "parquet", 1000, tuple).chunks()
    with pytest.raises(BadInput, match="is damaged: it cannot be read as Parquet"):
        list(chunks)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (HEADER + GOOD + GOOD, [2, 3]),
        (f"\n\n{HEADER}{GOOD}{GOOD}", [4, 5]),  # the blank lines above the header count
        (f"{HEADER}{GOOD}\n{GOOD}", [None, None]),  # a blank line is no row
        (HEADER + GOOD + 'p1,"inflixi\nmab",70\n' + GOOD, [None, None, None]),  # a row over two lines
        (HEADER + GOOD + "short\n", [2, 3]),
    ],
)
def test_the_line_of_a_row_is_told_where_every_line_is_a_row(content, lines, write):
    (chunk,) = read(write(content))
    assert [chunk.line_of(row) for row in range(1, len(lines) + 1)] == lines


def test_the_lines_of_a_later_chunk_count_on(write):
    chunks = read(write(HEADER + GOOD * 30_000))
    assert [chunk.line_of(chunk.first) for chunk in chunks] == [chunk.first + 1 for chunk in chunks]
    assert len(chunks) > 1
