% No networks at all: the alarm that a burglar or an earthquake sets off, and the neighbours who hear it.
%
%   python -m gedi_nesy solve programs/alarm.pl
%
% The program's own evidence conditions its own queries: John has called and Mary has not.

0.1 :: burglary.
0.2 :: earthquake.

0.95 :: alarm :- burglary, earthquake.
0.94 :: alarm :- burglary, \+ earthquake.
0.29 :: alarm :- \+ burglary, earthquake.
0.01 :: alarm :- \+ burglary, \+ earthquake.

person(john). person(mary).
0.8 :: hears(X) :- person(X).
0.05 :: wrong_number(X) :- person(X).

calls(X) :- alarm, hears(X).
calls(X) :- person(X), wrong_number(X).

evidence(calls(john)).
evidence(calls(mary), false).

query(burglary).
query(earthquake).
query(alarm).
query(hears(X)).
