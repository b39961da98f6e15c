% Whether the sum of two digits is even (0) or odd (1).

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

parity(A, B, N) :- digit(A, X), digit(B, Y), N is (X + Y) mod 2.
