% A list of digits is in order, of any length.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

sorted([_]).
sorted([A, B | Rest]) :- digit(A, X), digit(B, Y), X =< Y, sorted([B | Rest]).
