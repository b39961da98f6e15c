"""`--study entropy-reconstruction`: the claims of Rodriguez-Galvez et al. (2023), measured.

I(Z; Z') >= H(Z') + E log q(z'|z). Which methods raise which part while they train, and does ER, which maximises the
sum, bear small batches and other momenta of the teacher better than the methods that it is made of?
"""
