"""`python -m gedi_nesy`, installed as `gedi-nesy`: the commands are the files of `cli/commands/`."""

import sys
from collections.abc import Sequence

from gedi_nesy.cli.parser import run_command
from gedi_nesy.cli.top_level import run


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what goes wrong is one line on standard error."""
    return run(lambda: run_command(sys.argv[1:] if argv is None else list(argv)))


if __name__ == "__main__":
    sys.exit(main())
