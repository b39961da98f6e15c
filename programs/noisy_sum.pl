% The sum of two digits, written down by someone who is off by one in a fifth of the cases: a probabilistic fact and an
% annotated disjunction beside the networks.
%
%   query    noisy_sum(A, B, N)     A and B are images, N is the answer
%   network  digit_net              ten outputs, one a digit

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

0.2 :: slip.
0.7 :: slipped_by(1); 0.3 :: slipped_by(-1).

sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.

noisy_sum(A, B, N) :- sum(A, B, N), \+ slip.
noisy_sum(A, B, N) :- slip, slipped_by(D), sum(A, B, M), N is M + D.
