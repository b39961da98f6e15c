"""How rows are trained: `fast`, made for two cores, and `paper`, Tables 4 and 5 of the paper, a file each."""
