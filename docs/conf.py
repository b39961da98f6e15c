"""The documentation as a site: `make docs`."""

import re
import warnings

from sphinx.application import Sphinx

from gedi_nesy import __version__

with warnings.catch_warnings():
    # ProbLog's docstrings contain "\\+", which is a warning when Python first compiles them.
    warnings.simplefilter("ignore")
    import deepproblog.model  # noqa: F401

project = "gedi_nesy"
copyright = "the authors of gedi_nesy"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # an included file begins with its own title

html_theme = "pydata_sphinx_theme"
html_title = "gedi_nesy"
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["site"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}  # light or dark, as the reader has it
html_theme_options = {
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

default_role = "code"  # docstrings mark code as Markdown does
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", ".*")
]  # types in signatures are torch's and numpy's; links of pages are checked

TWINS = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
}
"""Files at the root of the repository, and the page that stands for each on the site."""

LINK = re.compile(r"\]\((?P<up>(?:\.\./)+)(?P<file>[A-Z]+\.md)(?P<section>#[\w-]+)?\)")


def linked_within(docname: str, text: str) -> str:
    """A page's text in which links to files at the root lead to their pages."""
    depth = docname.count("/")

    def twin(found: re.Match[str]) -> str:
        at_root = found["up"].count("../") == depth + 1 and found["file"] in TWINS
        return f"]({'../' * depth}{TWINS[found['file']]}{found['section'] or ''})" if at_root else found[0]

    return LINK.sub(twin, text)


def as_restructured_text(line: str) -> str:
    """A line of a docstring, which is Markdown: outside of code |x|, a * b and FILE:LINE mean themselves."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"[|*:\\]", r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = linked_within(docname, source[0])


def _docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = [as_restructured_text(line) for line in lines]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring)
