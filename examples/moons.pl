% Of two points, the first lies on the upper moon and the second on the lower one.

nn(moon_net, [X], Y, [upper, lower]) :: moon(X, Y).

pair(A, B) :- moon(A, upper), moon(B, lower).
