% MNIST-EvenOdd: sums of two digits that are both even or both odd; eight pairs are shown.
%
%   query    sum(A, B, N)           A and B are images, N is the answer
%   network  digit_net              ten outputs, one a digit
%
% Each digit is bound only to its partners: adding the same amount to one side of a chain of pairs, and taking it from the
% other, satisfies all eight sums as well. Only what else is known about the images can tell such readings apart.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.

% The pairs that training shows, and their sums.
example(0, 6, 6).
example(2, 8, 10).
example(4, 6, 10).
example(4, 8, 12).
example(1, 5, 6).
example(3, 7, 10).
example(1, 9, 10).
example(3, 9, 12).
