"""A subcommand a file: `SUMMARY` (its line in the help), `add_arguments(parser)` and `run(arguments) -> exit code`."""
