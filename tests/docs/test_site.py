"""The site is built without a warning, all its links lead somewhere, and to read it takes no network."""

import html
import re
import runpy
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
LOADING = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "srcset")}
"""Attributes whose file a browser fetches by itself."""

THEME_SAYS = '"[PST]: '
"""Notes of the theme's own: which of light and dark, where the focus is."""


class Page(HTMLParser):
    """What a page loads, what it links to, and what can be linked to in it."""

    def __init__(self, text: str):
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif (tag, name) in LOADING:
                self.loads.append(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.append(value or "")


def broken(pages: dict[Path, Page]) -> list[str]:
    """Links and files of pages that are not there."""
    found = []
    for file, page in pages.items():
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme:
                continue
            there = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            anchor = unquote(parts.fragment)
            if not there.exists() or (anchor and there in pages and anchor not in pages[there].anchors):
                found.append(f"{file.name}: {target}")
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = ["-m", "sphinx", "--nitpicky", "--fail-on-warning", "--keep-going", "--quiet", "docs"]
    done = subprocess.run(
        [sys.executable, *command, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder.resolve()


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {file: Page(file.read_text()) for file in site.rglob("*.html") if "_static" not in file.parts}


@pytest.mark.slow
def test_links_lead_somewhere(pages):
    assert len(pages) > 20
    assert broken(pages) == []


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(site, pages):
    fetched = [target for page in pages.values() for target in page.loads if urlsplit(target).netloc]
    assert fetched == []
    styles = [file for file in site.rglob("*.css") if re.search(r"url\(['\"]?(https?:)?//", file.read_text())]
    assert styles == []


@pytest.mark.slow
def test_shapes_stand_in_signatures(site):
    text = html.unescape(re.sub(r"<[^>]*>", "", (site / "api" / "programs.html").read_text()))
    assert "Float[Tensor, 'batch answer']" in text


@pytest.mark.slow
def test_every_page_is_on_the_site(site):
    expected = {file.relative_to(ROOT / "docs").with_suffix(".html") for file in ROOT.glob("docs/**/*.md")}
    assert {file for file in expected if not (site / file).exists()} == set()


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "there.html").write_text('<p id="here">')
    file = tmp_path / "page.html"
    texts = {
        file: '<a href="there.html#gone"><a href="there.html#here"><img src="no.png"><a href="https://x.y">'
    }
    texts[tmp_path / "there.html"] = '<p id="here">'
    found = broken({file: Page(text) for file, text in texts.items()})
    assert found == ["page.html: there.html#gone", "page.html: no.png"]


@pytest.mark.parametrize(
    ("docname", "text", "expected"),
    [
        ("speed", "[a](../README.md)", "[a](index.md)"),
        ("api/data", "[a](../../CONTRIBUTING.md#add-a-term)", "[a](../project/contributing.md#add-a-term)"),
        ("api/data", "[a](../CONTRIBUTING.md)", "[a](../CONTRIBUTING.md)"),
        ("figures/README", "[a](README.md) [b](../speed.md)", "[a](README.md) [b](../speed.md)"),
    ],
)
def test_links_to_files_at_the_root_lead_to_their_pages(docname, text, expected):
    linked_within = runpy.run_path(str(ROOT / "docs" / "conf.py"))["linked_within"]
    assert linked_within(docname, text) == expected


def test_folders_in_the_picture_of_the_code_are_there():
    drawn = re.findall(r">(\w+)/</text>", (ROOT / "docs" / "pictures" / "architecture.svg").read_text())
    folders = {
        file.parent.name for top in ("gedi_nesy", "benchmarks") for file in ROOT.glob(f"{top}/**/*.py")
    }
    assert len(drawn) > 15
    assert set(drawn) - folders == set()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser Chromium")
@pytest.mark.parametrize("name", ["index.html", "methods.html", "api/programs.html", "search.html"])
def test_a_browser_has_nothing_to_complain_of(site, tmp_path, name):
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--virtual-time-budget=5000",
    ]
    done = subprocess.run(
        ["chromium", *options, f"--user-data-dir={tmp_path}", "--dump-dom", (site / name).as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "</html>" in done.stdout
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line and THEME_SAYS not in line]
    assert complaints == []
