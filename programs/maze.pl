% A map of six tiles, each an image of open ground or of water: is there a dry way from one corner to the other?
%
%   query    way([A, B, C, D, E, F])    the tiles row by row, three in a row
%   network  tile_net                   two outputs: open and water
%
%      A B C
%      D E F        from A to F
%
% `reach` is recursive and goes round in circles, and many ways overlap: a case for the decision diagram.

nn(tile_net, [X], T, [open, water]) :: tile(X, T).

way([A, B, C, D, E, F]) :- reach([A, B, C, D, E, F], 1, 6).

dry(Tiles, Place) :- place(Place, Tiles, Tile), tile(Tile, open).

place(1, [X | _], X).
place(N, [_ | Rest], X) :- N > 1, M is N - 1, place(M, Rest, X).

next(1, 2). next(2, 3). next(4, 5). next(5, 6).
next(1, 4). next(2, 5). next(3, 6).

neighbour(X, Y) :- next(X, Y).
neighbour(X, Y) :- next(Y, X).

reach(Tiles, X, X) :- dry(Tiles, X).
reach(Tiles, X, Y) :- neighbour(X, Z), dry(Tiles, X), reach(Tiles, Z, Y).
