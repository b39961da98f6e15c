% The parity of a row of bits, of any length.
%
%   query    parity([A, B, C], P)    A, B, C, ... are images, P is the answer, 0 or 1
%   network  bit_net                 two outputs: 0 and 1
%
% Negating every bit of an even number of bits changes nothing, so parity alone never says which symbol is the 1.

nn(bit_net, [X], B, [0, 1]) :: bit(X, B).

xor(0, 0, 0).
xor(0, 1, 1).
xor(1, 0, 1).
xor(1, 1, 0).

parity(Bits, P) :- parity(Bits, 0, P).

parity([], P, P).
parity([X | Rest], Before, P) :- bit(X, B), xor(Before, B, Now), parity(Rest, Now, P).
