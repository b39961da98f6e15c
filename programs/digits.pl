% Two numbers of many digits and their sum, added as by hand, with a carry; the least significant digit comes first.
%
%   query     addition([A0, A1], [B0, B1], [S0, S1, S2])    any number of digits; the sum has one more
%   networks  digit_net    reads an image: ten outputs, one a digit
%             given        reads a digit of the sum that is known, as a row of ten numbers with a single 1
%
% The digits of the sum come in like images, so that one circuit serves every sum. The ground program is a circuit as it
% stands, because every choice of two digits leads to one digit of the sum and one carry: 64 digits are no trouble.

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).
nn(given, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: sum_digit(X, Y).

addition(As, Bs, Sums) :- add(As, Bs, 0, Sums).

add([], [], Carry, [S]) :- sum_digit(S, Carry).
add([A | As], [B | Bs], Carry, [S | Sums]) :-
    digit(A, X), digit(B, Y),
    Z is X + Y + Carry, Low is Z mod 10, High is Z // 10,
    sum_digit(S, Low),
    add(As, Bs, High, Sums).
