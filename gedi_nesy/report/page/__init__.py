"""A run as one HTML file for a person who did not make it: `write_page(path, Page(...))`."""
