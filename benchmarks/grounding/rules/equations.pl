% Whether a + b = c + d, and whether a * b = c * d (the two equations of MNMath).

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

sums(A, B, C, D, N) :- digit(A, X), digit(B, Y), digit(C, Z), digit(D, W), equal(X + Y, Z + W, N).
products(A, B, C, D, N) :- digit(A, X), digit(B, Y), digit(C, Z), digit(D, W), equal(X * Y, Z * W, N).

equal(Left, Right, yes) :- Left =:= Right.
equal(Left, Right, no) :- Left =\= Right.
