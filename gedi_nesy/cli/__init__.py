"""The command line: `commands/` holds a subcommand a file, `parser.py` finds them, `top_level.py` reports errors."""
