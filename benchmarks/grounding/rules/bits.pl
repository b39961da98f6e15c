% Two formulas over bits, each true (1) or false (0).

nn(bit_net, [X], Y, [0, 1]) :: bit(X, Y).

xor(A, B, C, N) :- bit(A, X), bit(B, Y), bit(C, Z), N is (X + Y + Z) mod 2.

% (A and B) or not C
either(A, B, C, N) :- bit(A, X), bit(B, Y), bit(C, Z), N is max(X * Y, 1 - Z).
