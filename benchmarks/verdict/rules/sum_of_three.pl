% The sum of three digits.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

sum(A, B, C, N) :- digit(A, X), digit(B, Y), digit(C, Z), N is X + Y + Z.
