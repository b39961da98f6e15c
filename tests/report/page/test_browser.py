"""The page as a person sees it: in a browser, on a phone, in the dark, with a keyboard, on paper."""

import json

import pytest

from gedi_nesy.report.page.write import write_page
from tests.browser import CHROMIUM, Tab, browser
from tests.report.page.pages import NASTY, full_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the browser Chromium"),
]

PHONE, DESK = 360, 1200

FOCUSED = "document.activeElement.getAttribute('href') || document.activeElement.id || document.activeElement.className"

CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const f = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!colour.startsWith("rgba(0, 0, 0, 0)") && colour.startsWith("rgb")) return parse(colour);
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  return ["body", "a", ".word", ".notes li", "dt", ".caption", "figcaption",
     "caption", ".pairs th", "footer p", ".other"]
    .map((choice) => {
      const node = document.querySelector(choice);
      const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
      return [choice, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
})()
"""
"""WCAG's contrast of text with what is behind it."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A page with every part, and one that a stranger named."""
    folder = tmp_path_factory.mktemp("pages")
    for name, page in {"plain": full_page(), "strange": full_page(NASTY * 3, networks=2)}.items():
        write_page(folder / f"{name}.html", page)
    return folder


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("name", ["plain", "strange"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_is_complained_of_and_nothing_runs_over(tab: Tab, pages, name, width):
    tab.complaints.clear()
    tab.open(pages / f"{name}.html", width)
    assert tab.value("document.documentElement.scrollWidth <= innerWidth"), tab.value(
        "[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth)"
        ".slice(0, 5).map(e => e.outerHTML.slice(0, 80)).join()"
    )
    assert tab.value("innerWidth") == width
    assert tab.complaints == []
    assert tab.value("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


def test_a_foreign_script_would_be_refused(tab: Tab, pages, tmp_path):
    """The policy holds even where a name had got through, and the test hears of it."""
    text = (pages / "plain.html").read_text()
    (tmp_path / "broken.html").write_text(
        text.replace("</main>", "<script>document.title = 'ran'</script></main>")
    )
    tab.complaints.clear()
    tab.open(tmp_path / "broken.html", DESK)
    assert tab.value("document.title") == "Run image"
    assert any("Content Security Policy" in complaint for complaint in tab.complaints)


def test_dark_is_dark_and_both_can_be_read(tab: Tab, pages):
    seen, contrast = {}, {}
    for scheme in ("light", "dark"):
        tab.open(pages / "plain.html", DESK, scheme=scheme)
        seen[scheme] = tab.screenshot()
        back = tab.value("getComputedStyle(document.body).backgroundColor")
        bright = sum(json.loads(back.replace("rgb(", "[").replace(")", "]"))) / 3
        assert (bright > 128) == (scheme == "light")
        contrast[scheme] = {choice: ratio for choice, ratio in tab.value(CONTRAST) if ratio < 4.5}
    assert seen["light"] != seen["dark"]
    assert contrast == {"light": {}, "dark": {}}


def test_everything_is_reached_by_tab(tab: Tab, pages):
    tab.open(pages / "plain.html", DESK)
    tab.press("Tab")
    assert tab.value(FOCUSED) == "#main"
    assert tab.value("document.activeElement.getBoundingClientRect().left >= 0"), "the skip link shows itself"
    links = tab.value("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))")
    for link in links:
        tab.press("Tab")
        assert tab.value(FOCUSED) == link
        assert tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reached = set()
    for _ in range(40):
        tab.press("Tab")
        reached.add(tab.value(FOCUSED))
    assert {"wide", "copy"} <= reached


def test_the_skip_link_skips(tab: Tab, pages):
    tab.open(pages / "plain.html", DESK)
    tab.press("Tab")
    tab.press("Enter")
    assert tab.value(FOCUSED) == "main"


def test_numbers_of_the_curves_open(tab: Tab, pages):
    tab.open(pages / "plain.html", PHONE)
    tab.value("document.querySelector('summary').click()")
    assert tab.value("document.querySelector('table.numbers').getBoundingClientRect().height > 20")
    assert tab.value("document.documentElement.scrollWidth <= innerWidth")
