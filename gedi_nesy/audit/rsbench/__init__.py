"""Task files of rsbench's generator (xor, mnist, kandinsky): as programs with queries, and as problems to count."""
