"""A page is one whole HTML document that loads nothing, and nothing a stranger wrote becomes part of its code."""

import base64
import hashlib
import io
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gedi_nesy.files import WriteError
from gedi_nesy.report.page.content import Finding, Page
from gedi_nesy.report.page.write import plain, render, sections, write_page
from tests.report.page.pages import NASTY, Reader, full_page

LOADING = {"src", "href", "srcset", "data", "poster", "action", "xlink:href", "background", "style"}
"""Attributes by which a browser may fetch something."""


@pytest.fixture(scope="module")
def text() -> str:
    return render(full_page())


@pytest.fixture(scope="module")
def reader(text) -> Reader:
    return Reader(text)


def test_nothing_is_loaded_from_elsewhere(text, reader):
    targets = [
        value for _, attributes in reader.elements for name, value in attributes.items() if name in LOADING
    ]
    outside = [target for target in targets if not re.match(r"#|data:|--share:", target)]
    assert outside == []
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text.replace("http-equiv", ""))
    (policy,) = [each["content"] for each in reader.all("meta") if "http-equiv" in each]
    assert "default-src 'none'" in policy


def test_the_script_is_the_one_that_the_policy_allows(text, reader):
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text.replace("&#39;", "'")


def test_ids_are_unique_and_every_link_of_the_page_has_its_target(reader):
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [each["href"].removeprefix("#") for each in reader.all("a")]
    assert set(links) <= set(ids)
    labelled = {each["aria-labelledby"] for each in reader.all("section")}
    assert labelled <= set(ids)
    assert labelled <= set(links), "every section stands in the contents"


def test_headings_go_down_a_level_at_a_time(reader):
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))


def test_what_is_seen_is_also_said(reader):
    assert reader.all("html")[0]["lang"] == "en"
    assert len(reader.all("img")) > 10
    assert all(each["alt"] for each in reader.all("img"))
    assert all(each["aria-label"] and each["role"] == "img" for each in reader.all("svg"))
    assert len(reader.all("caption")) == len(reader.all("table")) >= 5
    assert {each["scope"] for each in reader.all("th")} == {"row", "col"}
    for landmark in ("header", "nav", "main", "footer"):
        assert len(reader.all(landmark)) == 1
    assert reader.all("a")[0] == {"class": "skip", "href": "#main"}
    # what scrolls by itself can be reached by keyboard, and has a name
    wide = [each for each in reader.all("div") if each.get("class") == "wide"]
    assert all(each["tabindex"] == "0" and each["aria-label"] for each in wide)


def test_images_are_those_that_were_given(reader):
    first = full_page().networks[0].groups[0].images[0].pixels
    data = base64.b64decode(reader.all("img")[0]["src"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(data)) as image:
        assert (np.array(image) == first[0]).all()


@pytest.mark.parametrize("name", [NASTY, "{{ 7 * 7 }}{% raw %}", "\u202e\n\t--><!--"])
def test_a_strangers_words_are_only_words(name):
    plain_page, strange = (Reader(render(full_page(each, networks=2))) for each in ("image", name))
    assert [tag for tag, _ in strange.elements] == [tag for tag, _ in plain_page.elements]
    names = [sorted(attributes) for _, attributes in strange.elements]
    assert names == [sorted(attributes) for _, attributes in plain_page.elements]
    first = next(value for tag, value in strange.texts if tag == "h1")
    assert first == f"Run {name}".strip()
    assert any(each["alt"] == f"{name} 0, {name}, 51%" for each in strange.all("img"))


def test_what_there_is_not_is_left_out():
    page = Page(title="Empty", finding=Finding(word="unlearned", tone="bad", sentence="Nothing."))
    assert sections(page) == []
    reader = Reader(render(page))
    assert [value for tag, value in reader.texts if tag == "h2"] == ["Verdict:"]
    assert [each["href"] for each in reader.all("a")] == ["#main", "#verdict"]


def test_several_networks_have_their_names_in_the_headings():
    titles = [section.title for section in sections(full_page("net", networks=2))]
    assert titles.count("What was learned: net") == 2
    assert "What was learned" in [section.title for section in sections(full_page("net"))]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (True, "yes"),
        (0.0, "0.0"),
        (None, "none"),
        ([1, None], "1, none"),
        ({"a": (False, 2)}, "a: no, 2"),
    ],
)
def test_settings_are_written_as_people_write_them(value, expected):
    assert plain(value) == expected


def test_a_page_is_written_whole_and_the_same_again(tmp_path, text):
    write_page(tmp_path / "page.html", full_page())
    assert (tmp_path / "page.html").read_text() == text
    (tmp_path / "taken").write_text("")
    with pytest.raises(WriteError, match="was not written"):
        write_page(tmp_path / "taken" / "page.html", replace(full_page(), title="x"))


def test_a_table_has_its_headings_and_rows_in_order(reader):
    tables = [each for each in sections(full_page()) if each.kind == "table"]
    assert [each.title for each in tables] == ["Rows image"]
    assert list(tables[0].body.rows[0]) == ["image", "0.5"]
    drawn = [each for each in reader.all("img") if each.get("class") == "drawn"]
    assert [each["alt"] for each in drawn] == ["Drawn image"]
    with Image.open(io.BytesIO(base64.b64decode(drawn[0]["src"].partition(",")[2]))) as picture:
        assert picture.size == (8, 6)
