"""Variable elimination on the ground graph, for programs of small treewidth: chains, networks, trees."""
