"""From a program and a query to a ground AND/OR graph."""
