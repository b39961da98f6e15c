"""Images without labels: who clusters, who represents, who generates, who knows what is no such image?

    python -m benchmarks.images --methods GEDI JEM SimCLR --seeds 0 1 2

Rows are rows of the library's table of methods, each self-supervised one with and without L_GEN, beside k-means. All
are trained by `gedi_nesy.learn` on the same training images, without a label, and measured on the same unseen images.
"""
