% The sum of two digits, written down by someone who slips: how often, and in which direction, is learnt with the digits.
%
%   query     noisy_sum(A, B, N)    A and B are images, N is the answer
%   network   digit_net             ten outputs, one a digit
%   learnable slip, and the disjunction slipped_by; `program.parameters()` goes to the optimizer

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

t(0.1) :: slip.
t(_) :: slipped_by(1); t(_) :: slipped_by(-1).

sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.

noisy_sum(A, B, N) :- sum(A, B, N), \+ slip.
noisy_sum(A, B, N) :- slip, slipped_by(D), sum(A, B, M), N is M + D.
