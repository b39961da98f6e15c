"""The permutation of the clusters under which queries hold best."""
