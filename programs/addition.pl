% Triples of images with a + b = c: the task that says what digits mean.
%
%   query    addition(A, B, C)      A, B and C are images
%   network  digit_net              ten outputs, one a digit

nn(digit_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).

addition(A, B, C) :- digit(A, X), digit(B, Y), Z is X + Y, digit(C, Z).
