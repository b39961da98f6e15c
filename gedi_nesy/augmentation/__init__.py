"""Random augmentations of images and points, batched, every draw from a generator."""
