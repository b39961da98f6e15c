% One digit follows the other, and 0 follows 9: turned on by any number, all digits satisfy it as well.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

next(A, B) :- digit(A, X), digit(B, Y), Y is (X + 1) mod 10.
