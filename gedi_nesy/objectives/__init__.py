"""What is optimised: a term a file, each a pure function; the table of terms and methods."""
