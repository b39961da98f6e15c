"""What else there is to know of a program without networks: its likeliest world, samples, proofs, its parameters."""
