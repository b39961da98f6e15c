% MNIST-Half: sums of two digits, all of them below 5. The training sums are 0 + 0, 0 + 1, 2 + 3 and 2 + 4.
%
%   query    sum(A, B, N)           A and B are images, N is the answer
%   network  digit_net              five outputs, one a digit
%
% The four sums leave a choice: 0 and 1 are certain, but 2, 3 and 4 also satisfy them as 3, 2, 3 or as 4, 1, 2.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4]) :: digit(X, Y).

sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.

% The pairs that training shows, and their sums.
example(0, 0, 0).
example(0, 1, 1).
example(2, 3, 5).
example(2, 4, 6).
