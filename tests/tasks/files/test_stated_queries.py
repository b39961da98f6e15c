"""Templates of queries: which arguments are images, which one is the answer, and where a file is wrong."""

import pytest
import torch

from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.tasks.files.assemble import Pools, assemble
from gedi_nesy.tasks.files.labels import labels_of, read_labels
from gedi_nesy.tasks.files.query_files import read_query_file
from gedi_nesy.tasks.files.stated_queries import templates_of
from gedi_nesy.tasks.programs import Outputs, domains
from gedi_nesy.tasks.task import Queries

RULE = """
nn(digit_net, [X], Y, [0,1,2]) :: digit(X, Y).
nn(hue_net, [X], Y, [red,blue]) :: hue(X, Y).
sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.
both(A, (X, H)) :- digit(A, X), hue(A, H).
below(A, B, Limit) :- digit(A, X), digit(B, Y), X + Y < Limit.
ordered([_]).
ordered([A, B|Rest]) :- digit(A, X), digit(B, Y), X =< Y, ordered([B|Rest]).
two(A, B, S, P) :- digit(A, X), digit(B, Y), S is X + Y, P is X * Y.
painted(A, H, B) :- hue(A, H), digit(B, 1).
"""


@pytest.fixture(scope="module")
def rule(tmp_path_factory):
    file = tmp_path_factory.mktemp("rule") / "rule.pl"
    file.write_text(RULE)
    return file


@pytest.fixture(scope="module")
def program(rule):
    known = domains([Queries(rule, "", {})])
    return Program.from_file(rule, {name: Outputs(domain.size) for name, domain in known.items()})


def templates(tmp_path, program, text: str, names: tuple[str, ...] = (), **options):
    (tmp_path / "q.pl").write_text(text)
    return templates_of(
        read_query_file(tmp_path / "q.pl", program.source, **options), program, set(names).__contains__
    )


def shown(found) -> list[tuple]:
    return [
        (each.query.text, [row.images for row in each.rows], [str(row.answer) for row in each.rows])
        for each in found
    ]


@pytest.mark.parametrize("image", ["'{}.png'", "{}"], ids=["names of files", "numbers of rows"])
def test_images_are_what_networks_read(tmp_path, program, image):
    a, b = image.format(1), image.format(2)
    (found,) = templates(tmp_path, program, f"sum({a},{b},1).\nsum({b},{a},2).")
    one, two = a.strip("'"), b.strip("'")
    assert shown([found]) == [("sum(Image1,Image2,Answer)", [(one, two), (two, one)], ["1", "2"])]
    assert [str(each) for each in found.query.answers] == ["0", "1", "2", "3", "4"]


def test_lists_of_any_length_have_a_template_each(tmp_path, program):
    found = templates(tmp_path, program, "ordered([x1,x2,x3]). ordered([y1,y2]). ordered([z1,z2]).")
    assert [(each.query.text, len(each.rows)) for each in found] == [
        ("ordered([Image1, Image2, Image3])", 1),
        ("ordered([Image1, Image2])", 2),
    ]
    assert found[1].rows[1].images == ("z1", "z2")
    assert found[1].rows[1].number == 2


def test_answers_that_are_tuples(tmp_path, program):
    (found,) = templates(tmp_path, program, "both('a.png', (2, red)). both('b.png', (0, blue)).")
    assert shown([found]) == [("both(Image1,Answer)", [("a.png",), ("b.png",)], ["2, red", "0, blue"])]


def test_of_two_answers_the_one_of_more_values_is_asked_for(tmp_path, program):
    found = templates(tmp_path, program, "two(a,b,2,1). two(c,d,3,2). two(e,f,1,0). two(g,h,0,0).")
    assert [each.query.text for each in found] == [
        "two(Image1,Image2,Answer,1)",
        "two(Image1,Image2,Answer,2)",
        "two(Image1,Image2,Answer,0)",
    ]


def test_what_a_program_cannot_be_asked_for_it_is_told(tmp_path, program):
    found = templates(tmp_path, program, "below(a,b,2). below(c,d,3). below(e,f,2).")
    assert shown(found) == [
        ("below(Image1,Image2,2)", [("a", "b"), ("e", "f")], ["None", "None"]),
        ("below(Image1,Image2,3)", [("c", "d")], ["None"]),
    ]


@pytest.mark.parametrize("text", ["sum('a.png','b.png',N).", "sum(3,0,N). sum(1,2,N)."])
def test_an_answer_left_open_is_asked_for(tmp_path, program, text):
    (found,) = templates(tmp_path, program, text, asking=True)
    assert found.query.answer == "Answer"
    assert found.rows[0].answer is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "sum(a,b,1).\nsum(c,d,9).",
            "q.pl:2: 9 is never Answer of sum(Image1,Image2,Answer); it is one of 0, 1",
        ),
        ("sum(a,b).", "q.pl:1: nothing in"),
        ("summ(a,b,1).", "did you mean 'sum/3'?"),
        ("below(a,b,0).", "q.pl:1: "),
        ("ordered([a]).", "q.pl:1: no network of"),
    ],
)
def test_what_does_not_fit_has_file_and_line(tmp_path, program, text, said):
    with pytest.raises((DataError, ProgramError)) as caught:
        templates(tmp_path, program, text)
    assert said in str(caught.value)


def pools(*names: str, left_out: tuple[tuple[str, str], ...] = ()) -> Pools:
    return Pools(
        {
            "images": Collection(
                torch.zeros(len(names), 1, 4, 4, dtype=torch.uint8), list(names), [], left_out
            )
        },
        {"images": "pictures"},
    )


def test_a_task_has_indices_answers_and_labels(tmp_path, rule, program):
    found = templates(tmp_path, program, "both('b.png', (2, red)). sum('a.png', 'b.png', 3).")
    (tmp_path / "l.csv").write_text(
        "image,symbol,network\na.png,2,digit_net\nb.png,,hue_net\nb.png,blue,hue_net\n"
    )
    known, unfilled = read_labels(tmp_path / "l.csv")
    assert (len(known), unfilled) == (2, 1)
    own = pools("a.png", "b.png")
    labels = labels_of(known, domains([Queries(rule, "", {})]), own)
    task = assemble(rule, found, own, labels)
    assert [dict(each.images) for each in task.queries] == [{"Image1": [1]}, {"Image1": [0], "Image2": [1]}]
    assert {name: dict(spec.labels) for name, spec in task.networks.items()} == {
        "digit_net": {0: 2},
        "hue_net": {1: known[1].symbol},
    }


@pytest.mark.parametrize(
    ("names", "left_out", "said"),
    [
        (
            ("a.png", "sub/b.png"),
            (),
            "q.pl:2: no image 'b.png' in pictures; did you mean 'sub/b.png'?; so it is in 2",
        ),
        (
            ("a.png",),
            (("b.png", "no image"),),
            "b.png in pictures cannot be read (no image); so it is in 2 of 3",
        ),
        (("0", "1"), (), "q.pl:1: no image a.png in pictures, whose images are 0 to 1; so it is in 3 of 3"),
    ],
)
def test_the_first_image_that_is_missing_is_named_and_all_are_counted(
    tmp_path, rule, program, names, left_out, said
):
    text = "sum('a.png','a.png',0).\nsum('b.png','a.png',1).\nsum('b.png','b.png',1)."
    with pytest.raises(DataError) as caught:
        assemble(rule, templates(tmp_path, program, text), pools(*names, left_out=left_out), {})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("picture,symbol\na.png,1\n", "l.csv:1: no column 'image' in picture, symbol"),
        ("image,symbol\na.png,1\n", "l.csv:2: which network has this symbol?"),
        (
            "image,symbol,network\na.png,7,digit_net\n",
            "l.csv:2: 7 is no symbol of network 'digit_net'; known: 0, 1, 2",
        ),
        (
            "image,symbol,network\nb.png,1,digit_net\n",
            "l.csv:2: no image 'b.png' in pictures; did you mean 'a.png'?",
        ),
        (
            "image,symbol,network\na.png,1,digitnet\n",
            "l.csv:2: no network 'digitnet'; did you mean 'digit_net'?",
        ),
        (
            "image,symbol,network\na.png,1,digit_net\na.png,2,digit_net\n",
            "l.csv:3: a.png is 1 in another line, and 2",
        ),
        ("image,symbol\na.png\n", "l.csv:2: 1 cells, and 2 columns"),
    ],
)
def test_labels_that_cannot_be_have_file_and_line(tmp_path, rule, text, said):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        labels_of(read_labels(tmp_path / "l.csv")[0], domains([Queries(rule, "", {})]), pools("a.png"))
    assert said in str(caught.value)
