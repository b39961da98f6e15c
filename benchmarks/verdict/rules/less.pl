% One digit is less than the other.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

less(A, B) :- digit(A, X), digit(B, Y), X < Y.
