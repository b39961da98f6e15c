% Two images that show different digits, and neither of them a zero: negation, of a compound goal and of a digit.
%
%   query    differ(A, B)           A and B are images
%   network  digit_net              ten outputs, one a digit

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

same(A, B) :- digit(A, X), digit(B, X).

differ(A, B) :- \+ same(A, B), \+ digit(A, 0), \+ digit(B, 0).
