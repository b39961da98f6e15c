"""What photographs mean, from a + b = c alone: python -m benchmarks.photographs --data-root DIR --seeds 0 1 2 3 4

The ten classes of CIFAR-10 stand for digits. A frozen encoder makes features of the images once; linear heads on them
learn from triples of which it is known that the first two add up to the third. Labels make the triples, and in the
end say how many unseen images are read right, and what a head that is given all labels, or k-means, would reach.
"""
