"""Files of queries: what they say, and what is said of those that say something else."""

import pytest
from problog.logic import list2term

from gedi_nesy.data.dataset import DataError
from gedi_nesy.logic import ProgramError
from gedi_nesy.logic.language.source import Source
from gedi_nesy.tasks.files.query_files import cell_term, name_of, read_query_file

RULE = """
nn(net, [X], Y, [0,1,2]) :: digit(X, Y).
larger(A, B, N) :- digit(A, X), digit(B, Y), N is max(X, Y).
sum(A, B, Total) :- plus(A, B, Total).
plus(A, B, C) :- digit(A, X), digit(B, Y), C is X + Y.
ordered([_]).
"""
PROGRAM = Source.from_string(RULE, "rule.pl")


def read(tmp_path, name: str, text: str, **options):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_query_file(tmp_path / name, PROGRAM, **options)


def texts(found) -> list[str]:
    return [str(each.term) for each in found]


def test_columns_are_the_variables_of_a_clause(tmp_path):
    found = read(tmp_path, "q.csv", "B,A,Total\nb.png,a b.png,2\n\nsub/c.png,a.png,3\n")
    assert texts(found) == ["sum('a b.png','b.png',2)", "sum('a.png','sub/c.png',3)"]
    assert [each.where for each in found] == [f"{tmp_path}/q.csv:2", f"{tmp_path}/q.csv:4"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.csv", "﻿a,b,n\r\nx.png,y.png,2\r\n"),
        ("q.tsv", "A\tB\tN\nx.png\ty.png\t2\n"),
        ("q.csv", 'A, B, N\n"x.png", "y.png", 2\n'),
    ],
    ids=["byte-order mark, small letters", "tabs", "quotes and blanks"],
)
def test_tables_as_programs_write_them(tmp_path, name, text):
    assert texts(read(tmp_path, name, text)) == ["larger('x.png','y.png',2)"]


def test_a_query_says_what_the_columns_are(tmp_path):
    found = read(tmp_path, "q.csv", "L\n[a.png; b.png]\n", query="ordered(L)")
    assert found[0].term.args[0] == list2term([cell_term("a.png", ""), cell_term("b.png", "")])


def test_a_clause_that_others_call_is_not_meant(tmp_path):
    found = read(tmp_path, "q.csv", "A,B,C\nx.png,y.png,2\n", query=None)
    assert texts(found) == ["plus('x.png','y.png',2)"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("7", "7"),
        (" -3 ", "-3"),
        ("1.5", "1.5"),
        ("red", "red"),
        ("Red", "'Red'"),
        ("(1, red)", "1, red"),
        ("[[1],[2]]", "[[1], [2]]"),
        ("'a.png'", "'a.png'"),
        ("00012.png", "'00012.png'"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_cells(cell, text):
    assert str(cell_term(cell, "q.csv:1")) == text


def test_facts_of_several_shapes(tmp_path):
    found = read(
        tmp_path, "q.pl", "larger('a.png', \"b.png\", 2).\n% a remark\nordered(['a.png','b.png']).\n"
    )
    assert [each.term.signature for each in found] == ["larger/3", "ordered/1"]
    assert [name_of(each) for each in found[0].term.args[:2]] == ["a.png", "b.png"]
    assert found[1].where.endswith("q.pl:3")


def test_answers_may_be_asked_for(tmp_path):
    assert texts(read(tmp_path, "q.csv", "A,B,N\nx.png,y.png,\n", asking=True)) == [
        "larger('x.png','y.png',N)"
    ]
    assert texts(read(tmp_path, "q.csv", "A,B\nx.png,y.png\n", asking=True, query="larger(A,B,N)")) == [
        "larger('x.png','y.png',N)"
    ]
    assert texts(read(tmp_path, "q.pl", "larger(a, b, N).", asking=True)) == ["larger(a,b,N)"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("q.csv", "", "q.csv: is empty"),
        ("q.csv", "A,B,N\n", "q.csv: holds no query"),
        (
            "q.csv",
            "A,B,Nn\nx,y,2\n",
            "q.csv:1: column 'Nn' is no variable of larger(A,B,N); did you mean 'N'?",
        ),
        (
            "q.csv",
            "P,Q\nx,y\n",
            "q.csv:1: no clause of rule.pl has the variables P, Q; say what they are: --query",
        ),
        ("q.csv", "A,N\nx,2\n", "q.csv:1: no column is B, a variable of larger(A,B,N)"),
        ("q.csv", "A,A,N\nx,y,2\n", "q.csv:1: two columns are A"),
        ("q.csv", "A,B,N\nx,y\n", "q.csv:2: 2 cells, and 3 columns: A, B, N"),
        ("q.csv", "A,B,N\nx,,2\n", "q.csv:2: B is empty"),
        ("q.csv", 'A,B,N\n"x,y,2\n', "q.csv:2: 1 cells, and 3 columns"),
        ("q.csv", "A,B,N\nx,y,(1,X)\n", "q.csv:2: 4 cells, and 3 columns"),
        ("q.csv", 'A,B,N\nx,y,"(1,X)"\n', "q.csv:2: (1,X) holds a variable"),
        ("q.pl", "", "q.pl: holds no query"),
        ("q.pl", "larger(a, b, 2) :- true.", "q.pl:1: expected a fact"),
        ("q.pl", "larger(a, b, 2).\n:- use_module('evil.py').", "q.pl:2: expected a fact"),
        ("q.pl", "0.5::larger(a, b, 2).", "q.pl:1: expected a fact"),
        ("q.pl", "larger(a, b, N).", "q.pl:1: larger(a,b,N) leaves N open"),
        ("q.pl", "larger(a, b, 2)", "q.pl:1: syntax error"),
        ("q.xlsx", "", "q.xlsx: queries are read from a table (.csv) or from facts (.pl)"),
    ],
)
def test_what_is_wrong_has_file_and_line(tmp_path, name, text, said):
    with pytest.raises((DataError, ProgramError)) as caught:
        read(tmp_path, name, text)
    assert said in str(caught.value)


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(DataError, match="no such file of queries"):
        read_query_file(tmp_path / "q.csv", PROGRAM)
    (tmp_path / "q.csv").write_bytes(b"A,B\n\xff\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_query_file(tmp_path / "q.csv", PROGRAM)


def test_facts_take_no_query(tmp_path):
    with pytest.raises(DataError, match="--query"):
        read(tmp_path, "q.pl", "larger(a, b, 2).", query="larger(A, B, N)")


def test_nothing_in_a_file_of_queries_is_run(tmp_path):
    """A directive would load Python, were it run: it is refused before, and so is a goal in a cell."""
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DataError):
        read(tmp_path, "q.pl", f":- use_module('{tmp_path}/evil.py').\nlarger(a, b, 2).")
    read(tmp_path, "q.csv", f"A,B,N\nx,y,use_module('{tmp_path}/evil.py')\n")
    assert not (tmp_path / "ran").exists()
