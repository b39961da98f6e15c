% The sum of two digits: the images are given, the answer is a number.
%
%   query    sum(A, B, N)           A and B are images, N is the answer
%   network  digit_net              ten outputs, one a digit

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.
