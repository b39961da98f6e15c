% The second image shows the digit that follows the first one's.
nn(digit_net, [X], Y, [0,1,2,3,4,5,6,7,8,9]) :: digit(X, Y).
next(X, Y) :- digit(X, A), digit(Y, B), B is A + 1.
