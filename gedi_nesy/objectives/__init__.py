"""What is optimised: each term of the objective as a pure function."""
