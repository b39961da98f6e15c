% The value of a formula such as 3 + 4 * 2, of any length, whose symbols are images; * goes before + and -.
%
%   query    formula([A, B, C], N)    digits in the odd places, operators in the even ones; N is the answer
%   network  symbol_net               thirteen outputs: ten digits and three operators
%
% Read from the left, a formula is a sum so far and a term that a * may still change. Ways to read its beginning that
% give the same two numbers are one from there on: seven symbols have 10,000 * 27 readings, and 8,402 such pairs.

:- use_module(library(lists)).

nn(symbol_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, plus, minus, times]) :: symbol(X, Y).

formula(Symbols, N) :- reverse(Symbols, Reversed), value(Reversed, N).

value(Symbols, N) :- state(Symbols, Sum, Term), N is Sum + Term.

% of symbols whose last one comes first
state([A], 0, X) :- digit(A, X).
state([A, O | Rest], Sum, X) :- symbol(O, plus), value(Rest, Sum), digit(A, X).
state([A, O | Rest], Sum, Term) :- symbol(O, minus), value(Rest, Sum), digit(A, X), Term is -X.
state([A, O | Rest], Sum, Term) :- symbol(O, times), state(Rest, Sum, T), digit(A, X), Term is T * X.

digit(A, X) :- symbol(A, X), number(X).
