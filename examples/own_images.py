import csv
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

digits = load_digits()  # 1,797 scans of 8x8; yours: any folder of images
folder = Path("digits")
folder.mkdir(exist_ok=True)
names = [f"{number:04d}.png" for number in range(len(digits.images))]
for name, pixels in zip(names, digits.images, strict=True):
    Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(folder / name)

# what is known of some of them: 400 times the larger one of two digits, and never a digit itself
pairs = np.random.default_rng(0).choice(len(names), size=(400, 2))
with open("larger.csv", "w", newline="") as file:
    rows = [(names[a], names[b], max(digits.target[a], digits.target[b])) for a, b in pairs]
    csv.writer(file).writerows([("A", "B", "N"), *rows])

# what all of them are, for the score in the end: training never sees it
with open("truth.csv", "w", newline="") as file:
    csv.writer(file).writerows([("image", "symbol"), *zip(names, digits.target, strict=True)])
