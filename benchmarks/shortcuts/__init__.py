"""Do networks learn what their symbols mean, or a shortcut? python -m benchmarks.shortcuts --tasks half even_odd

Five tasks that logic alone leaves open to a known extent, in the protocol of the rsbench suite: the audit says before
training which maps of the symbols satisfy the program, and after it on which of them each run landed. Nothing is chosen
by looking at labels, so there is no validation set.
"""
