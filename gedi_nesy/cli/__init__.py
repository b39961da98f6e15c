"""`python -m gedi_nesy`: a subcommand a file."""
