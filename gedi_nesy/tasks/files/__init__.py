"""Tasks that a person has as files: queries in a table or as facts, labels in a table, images beside them."""
