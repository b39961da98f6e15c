% A valid Sudoku of four rows: each number once in each row, column and block of two by two.
%
%   query    valid(Cells)       the 16 images, row by row
%   query    clue(Cells, N)     the same, and what its first two cells hold, as a number of two digits
%   network  cell_net           four outputs

nn(cell_net, [X], Y, [1, 2, 3, 4]) :: cell(X, Y).

valid(Cells) :- filled(Cells, 0, []).
clue([A, B | Rest], N) :- cell(A, X), cell(B, Y), N is 10 * X + Y, valid([A, B | Rest]).

% cells filled so far, the last one first: pairs of a place and its number
filled([], _, _).
filled([Cell | Rest], Place, Before) :-
    cell(Cell, Number), \+ conflict(Place, Number, Before),
    Next is Place + 1, filled(Rest, Next, [Place - Number | Before]).

conflict(Place, Number, [Other - Number | _]) :- sees(Place, Other).
conflict(Place, Number, [_ | Before]) :- conflict(Place, Number, Before).

sees(P, Q) :- P // 4 =:= Q // 4.
sees(P, Q) :- P mod 4 =:= Q mod 4.
sees(P, Q) :- P // 8 =:= Q // 8, (P mod 4) // 2 =:= (Q mod 4) // 2.
