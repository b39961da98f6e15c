"""Tables between markers in a markdown text: `<!-- table: NAME -->` ... `<!-- end -->`."""

import re
from collections.abc import Mapping

MARKED = re.compile(r"<!-- table: (?P<name>[\w-]+)(?P<note>[^>]*?) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)

NOT_GENERATED = " (not generated: its files are missing)"


def names(text: str) -> list[str]:
    """The tables that the text asks for."""
    return [found["name"] for found in MARKED.finditer(text)]


def filled(text: str, tables: Mapping[str, str | None]) -> str:
    """The text with each table in its place.

    Where there is none, for its files are missing, what stands there stays, and the marker says so. ValueError for a
    table that nobody defines.
    """

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in tables:
            raise ValueError(f"<!-- table: {name} -->: no such table; known: {', '.join(tables)}")
        made = tables[name]
        if made is None:
            return f"<!-- table: {name}{NOT_GENERATED} -->\n{found['body']}<!-- end -->"
        return f"<!-- table: {name} -->\n{made}\n<!-- end -->"

    return MARKED.sub(fill, text)
