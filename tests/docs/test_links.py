"""Links between pages lead somewhere, and files that pages name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, section = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists():
            broken.append(target)
        elif section:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            broken += [] if section in map(anchor, headings) else [target]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(page):
    """Paths in backticks that begin at the root of the repository."""
    if page.name == "CHANGELOG.md":
        pytest.skip("it names files that were")
    named = re.findall(
        r"`((?:gedi_nesy|benchmarks|tests|programs|examples|docs)/[\w./-]*\w/?)`", page.read_text()
    )
    # what a name stands for, and what is built, is not there in a clean checkout
    named = [path for path in named if "NAME" not in path and not path.startswith("docs/_build")]
    assert [path for path in named if not (ROOT / path).exists()] == []
