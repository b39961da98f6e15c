"""Features first: a self-supervised term trains the encoder, and clusters begin among neighbours in its embedding."""
