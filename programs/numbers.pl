% The sum of two numbers of several digits, as one number: every possible sum is an answer.
%
%   query    addition([A1, A0], [B1, B0], N)    the most significant digit first; N is the answer
%   network  digit_net                          ten outputs, one a digit
%
% All answers come from one circuit. With many digits there are too many sums to list: see digits.pl.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

number([], Value, Value).
number([H | T], Before, Value) :- digit(H, D), Now is 10 * Before + D, number(T, Now, Value).

addition(As, Bs, N) :- number(As, 0, A), number(Bs, 0, B), N is A + B.
