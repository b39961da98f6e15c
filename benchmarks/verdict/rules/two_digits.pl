% One number of two digits is less than another.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

number(A, B, N) :- digit(A, X), digit(B, Y), N is 10 * X + Y.
below(A, B, C, D) :- number(A, B, N), number(C, D, M), N < M.
