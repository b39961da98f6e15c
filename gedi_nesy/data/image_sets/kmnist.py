"""Kuzushiji-MNIST: 60,000 and 10,000 cursive Japanese characters, in IDX files as torchvision keeps them."""

from gedi_nesy.data.idx import torchvision_source

SOURCE = torchvision_source("kmnist", "KMNIST")
