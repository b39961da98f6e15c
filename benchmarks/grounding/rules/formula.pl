% The value of a formula such as 3 + 4 * 2, whose symbols are images that one network reads; * goes before + and -.
%
%   query    formula([A, B, C], N)    digits in the odd places, operators in the even ones
%   network  symbol_net               ten digits and three operators

nn(symbol_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, plus, minus, times]) :: symbol(X, Y).

formula([A | Rest], N) :- number_of(A, X), terms(Rest, 0, X, N).

% what is summed up so far, and the product that goes on
terms([], Sum, Term, N) :- N is Sum + Term.
terms([O, A | Rest], Sum, Term, N) :-
    symbol(O, Operator), number_of(A, X), after(Operator, Sum, Term, X, Next, Product), terms(Rest, Next, Product, N).

after(plus, Sum, Term, X, Next, X) :- Next is Sum + Term.
after(minus, Sum, Term, X, Next, Product) :- Next is Sum + Term, Product is -X.
after(times, Sum, Term, X, Sum, Product) :- Product is Term * X.

number_of(A, X) :- symbol(A, X), number(X).
