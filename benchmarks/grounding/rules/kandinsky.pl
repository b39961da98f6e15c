% Three figures of three objects: in each, two objects agree in shape and colour, and the third has another shape.
%
%   query     figures(A, B, C, D, E, F, G, H, I, N)    the objects of one figure after the other; N is yes or no
%   networks  shape_net, colour_net                    read the same images

nn(shape_net, [X], S, [circle, square, triangle]) :: shape(X, S).
nn(colour_net, [X], C, [red, yellow, blue]) :: colour(X, C).

figures(A, B, C, D, E, F, G, H, I, yes) :- all_three(A, B, C, D, E, F, G, H, I).
figures(A, B, C, D, E, F, G, H, I, no) :- \+ all_three(A, B, C, D, E, F, G, H, I).

all_three(A, B, C, D, E, F, G, H, I) :- pattern(A, B, C), pattern(D, E, F), pattern(G, H, I).

pattern(A, B, C) :- pair(A, B, C).
pattern(A, B, C) :- pair(A, C, B).
pattern(A, B, C) :- pair(B, C, A).

pair(A, B, Other) :- shape(A, S), shape(B, S), shape(Other, T), S \= T, colour(A, C), colour(B, C).
