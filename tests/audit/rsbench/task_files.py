"""Task files of rsbench's three kinds, small enough for brute force."""

XOR = """
n_digits: 3
val_prop: 0.2
test_prop: 0.3
ood_prop: 0.3
prop_in_distribution: 0.8
combinations_in_distribution:
  - "001"
  - "010"
  - "000"
xor_rule: False
symbols: [a, b, c]
logic: Or(And(a, b), Not(c))
use_mnist: True
"""

PARITY = """
n_digits: {number}
xor_rule: True
symbols: [a]
logic: a
"""

MNIST = """
num_digits: 2
digit_values: [0, 1, 2]
symbols: [a, b]
logic:
  - 2*a + b
  - a + b
combinations_in_distribution: ["0120", "2101", "0002"]
"""

ADDITION = """
num_digits: 2
digit_values: [0, 1, 2, 3]
symbols: [a, b]
logic: a + b
combinations_in_distribution: ["00", "01", "23", "32"]
"""

KANDINSKY = """
n_shapes: 2
n_figures: 2
colors: [red, blue]
shapes: [circle, square, triangle]
symbols: [shape_1, color_1, shape_2, color_2]
logic: (Eq(color_1, color_2) & Ne(shape_1, shape_2)) | Eq(shape_1, 5)
aggregator_symbols: [pattern_1, pattern_2]
aggregator_logic: pattern_1 & ~pattern_2
combinations_in_distribution:
  - - ["red, circle", "red, square"]
    - ["blue, square", "red, square"]
  - - ["blue, triangle", "red, circle"]
    - ["blue, circle", "blue, circle"]
  - - ["blue, triangle", "blue, circle"]
    - ["red, triangle", "red, triangle"]
"""

ALL = {
    "xor": XOR,
    "parity": PARITY.format(number=3),
    "mnist": MNIST,
    "addition": ADDITION,
    "kandinsky": KANDINSKY,
}
