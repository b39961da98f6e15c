% The number is the larger one of the digits that two images show.
nn(digit_net, [X], Y, [0,1,2,3,4,5,6,7,8,9]) :: digit(X, Y).
larger(A, B, N) :- digit(A, X), digit(B, Y), N is max(X, Y).
