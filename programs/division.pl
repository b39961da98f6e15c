% The value of a formula such as 3 + 4 / 2 * 5, of any length, whose symbols are images; * and / go before + and -.
%
%   query    formula([A, B, C], N)    digits in the odd places, operators in the even ones; N is the answer, to six decimals
%   network  symbol_net               thirteen outputs: the digits 1 to 9 and four operators
%
% As in the handwritten formulas (HWF) of Li et al. (2020) there is no digit 0, so nothing is divided by zero. Fractions are
% whole numbers of units: 2520 units a division are divided by 1, ..., 9 without rest, so that equal values are one.
% A formula is a value, + or -, and a last term, which has only * and /. Seven symbols have 6,561 * 64 readings and
% 8,268 values.

:- use_module(library(lists)).

nn(symbol_net, [X], Y, [1, 2, 3, 4, 5, 6, 7, 8, 9, plus, minus, times, divide]) :: symbol(X, Y).

formula(Symbols, N) :- reverse(Symbols, Reversed), length(Symbols, L), Unit is 2520 ** (L // 2),
    value(Reversed, Unit, V), N is round(V / Unit * 1000000) / 1000000.

% of symbols whose last one comes first
value(Symbols, Unit, V) :- term(Symbols, Unit, V).
value(Symbols, Unit, V) :- last_term(Symbols, Last, O, Rest), signed(O, Rest, Unit, Last, V).

signed(O, Rest, Unit, Last, V) :- symbol(O, plus), value(Rest, Unit, A), term(Last, Unit, B), V is A + B.
signed(O, Rest, Unit, Last, V) :- symbol(O, minus), value(Rest, Unit, A), term(Last, Unit, B), V is A - B.

last_term([A, O | Rest], [A], O, Rest).
last_term([A, P | Symbols], [A, P | Last], O, Rest) :- last_term(Symbols, Last, O, Rest).

term([A], Unit, T) :- digit(A, X), T is X * Unit.
term([A, O | Rest], Unit, T) :- symbol(O, times), term(Rest, Unit, R), digit(A, X), T is R * X.
term([A, O | Rest], Unit, T) :- symbol(O, divide), term(Rest, Unit, R), digit(A, X), T is R // X.

digit(A, X) :- symbol(A, X), number(X).
