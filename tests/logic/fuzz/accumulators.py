"""More random dynamic programs: accumulators, counters, folds of lists, spans, automata with drawn next states.

Counters, running maxima, sums modulo m, automata with one or several next states, spans split in two, and lists
folded with an accumulator, over symbols that are annotated disjunctions of several values. Positions may read the
same symbol, steps may look at shared facts and at negated states, and two traces may meet, so that partial
results need not exclude one another and conjunctions need not be decomposable.
"""

import random


def generate(seed: int) -> str:
    """A program with its queries and, in half of the cases, evidence."""
    return _Writer(random.Random(seed)).text()


class _Writer:
    """Writes one program; its positions are 1 ... length, its symbols 0 ... values - 1."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.length = rng.choice([2, 3, 3, 4])
        self.values = rng.choice([2, 3]) if self.length < 4 else 2
        self.modulus = rng.choice([2, 3, 4])
        self.lines: list[str] = []

    def text(self) -> str:
        self._symbols()
        forms = [self._forward, self._fold, self._span, self._automaton, self._counter]
        names = ["s", "r"] if self.rng.random() < 0.5 else ["s"]
        for name in names:
            self.rng.choice(forms)(name)
        self._asked(names)
        return "\n".join(self.lines) + "\n"

    def _numbers(self, count: int) -> list[float]:
        parts = [self.rng.randint(1, 9) for _ in range(count)]
        rest = self.rng.choice([0, 0, self.rng.randint(1, 9)])
        return [part / (sum(parts) + rest) for part in parts]

    def _symbols(self) -> None:
        """symbol(I, V), and flip(I): facts that steps may look at."""
        places = self.rng.choice(["I", "I", "I", "I mod 2", "(I+1)//2"])
        count = {"I": self.length, "I mod 2": 2, "(I+1)//2": self.length}[places]
        if self.rng.random() < 0.3:
            heads = [f"P{v}::drawn(I,{v})" for v in range(self.values)]
            table = ", ".join(f"P{v}" for v in range(self.values))
            self.lines.append(f"{'; '.join(heads)} :- weights(I,{table}).")
            for place in range(0, count + 1):
                numbers = ",".join(f"{p:.4f}" for p in self._rounded())
                self.lines.append(f"weights({place},{numbers}).")
        else:
            heads = [f"{p:.4f}::drawn(I,{v})" for v, p in enumerate(self._rounded())]
            self.lines.append(f"{'; '.join(heads)} :- between(0,{count},I).")
        condition = self.rng.choice(
            ["", "", "", ", \\+ broken", f", \\+ (flip({self.rng.randint(0, 1)}), V > 0)"]
        )
        self.lines.append(f"symbol(I,V) :- J is {places}, drawn(J,V){condition}.")
        if self.rng.random() < 0.2:
            self.lines.append(f"symbol(I,{self.rng.randrange(self.values)}) :- flip(I).")
        self.lines.append("0.3::flip(I) :- between(0,4,I). 0.2::broken. 0.6::early; 0.3::late.")

    def _rounded(self) -> list[float]:
        return [int(p * 10000) / 10000 for p in self._numbers(self.values)]

    def _step(self, old: str, symbol: str, new: str) -> str:
        """Goals that compute the next partial result."""
        m = self.modulus
        k = self.rng.randint(1, 3)
        steps = [
            f"{new} is ({old} + {symbol}) mod {m}",
            f"{new} is ({k}*{old} + {symbol}) mod {m}",
            f"{new} is max({old}, {symbol})",
            f"{new} is min({old} + {symbol}, {m})",
            f"{new} is {old} + {symbol}",
            f"{new} is abs({old} - {symbol})",
            f"({symbol} = 0, {new} = {old} ; {symbol} > 0, {new} is ({old} + 1) mod {m})",
            f"({old} = {symbol}, {new} = 0 ; {old} \\= {symbol}, {new} is min({old} + 1, {m}))",
        ]
        return self.rng.choice(steps)

    def _guard(self, place: str) -> str:
        guards = [
            f", flip({place})",
            f", \\+ flip({place})",
            f", \\+ flip({self.rng.randint(0, 2)})",
            ", early",
            ", \\+ late",
            ", \\+ (early, broken)",
        ]
        return self.rng.choice(guards) if self.rng.random() < 0.35 else ""

    def _forward(self, name: str) -> None:
        """NAME(I, S): the partial result after I positions."""
        start = self.rng.choice([f"{name}(0,0).", f"{name}(0,0) :- early. {name}(0,1) :- \\+ early."])
        overlapping = f"{name}(0,0) :- early. {name}(0,1) :- \\+ late."
        self.lines.append(overlapping if self.rng.random() < 0.15 else start)
        step = self._step("P", "V", "S")
        back = self._guard("I")
        self.lines.append(f"{name}(I,S) :- I > 0, J is I-1, {name}(J,P), symbol(I,V){back}, {step}.")
        if self.rng.random() < 0.4:
            # A second way to go on: excluded by a fact, by nothing, or by a state that did not hold.
            ways = [
                f"{name}(J,S), flip(I)",
                f"{name}(J,S), \\+ flip(I)",
                f"{name}(J,P), symbol(1,V), {self._step('P', 'V', 'S')}",
                f"\\+ {name}(J,{self.rng.randint(0, 1)}), S = 1",
                f"{name}(J,P), early, S is P",
            ]
            self.lines.append(f"{name}(I,S) :- I > 0, J is I-1, {self.rng.choice(ways)}.")

    def _counter(self, name: str) -> None:
        """How often a symbol was met: exclusive only because \\+ undoes what the first rule takes."""
        value = self.rng.randrange(self.values)
        other = self.rng.choice(
            [
                f"\\+ symbol(I,{value})",
                f"symbol(I,V), V \\= {value}",
                f"symbol(I,{(value + 1) % self.values})",
            ]
        )
        self.lines.append(f"{name}(0,0).")
        cap = self.rng.choice(["S is P+1", f"S is min(P+1,{self.modulus})", f"S is (P+1) mod {self.modulus}"])
        self.lines.append(
            f"{name}(I,S) :- I > 0, J is I-1, {name}(J,P), symbol(I,{value}){self._guard('I')}, {cap}."
        )
        self.lines.append(f"{name}(I,S) :- I > 0, J is I-1, {name}(J,S), {other}.")

    def _fold(self, name: str) -> None:
        """The list of positions folded from either end, with an accumulator or without."""
        places = list(range(1, self.length + 1))
        if self.rng.random() < 0.3:
            places = [self.rng.randint(1, self.length) for _ in places]
        step = self._step("A", "V", "B")
        if self.rng.random() < 0.5:
            self.lines.append(f"fold_{name}([],S,S).")
            self.lines.append(
                f"fold_{name}([I|T],A,S) :- symbol(I,V){self._guard('I')}, {step}, fold_{name}(T,B,S)."
            )
            self.lines.append(f"{name}(I,S) :- I > 0, prefix({places},I,L), fold_{name}(L,0,S).")
        else:
            self.lines.append(f"fold_{name}([],0).")
            self.lines.append(
                f"fold_{name}([I|T],B) :- fold_{name}(T,A), symbol(I,V){self._guard('I')}, {step}."
            )
            self.lines.append(f"{name}(I,S) :- I > 0, prefix({places},I,L), fold_{name}(L,S).")
        if not any(line.startswith("prefix") for line in self.lines):
            self.lines.append("prefix(_,0,[]). prefix([H|T],N,[H|R]) :- N > 0, M is N-1, prefix(T,M,R).")

    def _span(self, name: str) -> None:
        """Spans joined from two parts in all ways, which exclude one another only if one split is allowed."""
        step = self._step("A", "B", "S")
        bound = self.rng.choice(["between(I,J1,K)", "K = I", "K = J1", "K is (I+J)//2"])
        self.lines.append(f"part_{name}(I,I,V) :- symbol(I,V).")
        self.lines.append(
            f"part_{name}(I,J,S) :- I < J, J1 is J-1, {bound}, K1 is K+1, part_{name}(I,K,A),"
            f" part_{name}(K1,J,B){self._guard('K')}, {step}."
        )
        self.lines.append(f"{name}(J,S) :- J > 0, part_{name}(1,J,S).")

    def _automaton(self, name: str) -> None:
        """A table of next states, a few of them drawn, a few left out, a few more than one."""
        states = self.rng.choice([2, 3])
        self.lines.append(f"{name}(0,0).")
        drawn = self.rng.random() < 0.4
        for state in range(states):
            for value in range(self.values):
                targets = self.rng.choices(range(states), k=self.rng.choice([0, 1, 1, 1, 2]))
                if drawn and len(targets) == 2:
                    heads = "; ".join(
                        f"0.4::next_{name}(I,{state},{value},{t})" for t in dict.fromkeys(targets)
                    )
                    self.lines.append(f"{heads} :- between(1,4,I).")
                else:
                    self.lines += [f"next_{name}(_,{state},{value},{t})." for t in dict.fromkeys(targets)]
        self.lines.append(f"next_{name}(_,9,9,9).")
        self.lines.append(
            f"{name}(I,S) :- I > 0, J is I-1, {name}(J,P), symbol(I,V){self._guard('I')}, next_{name}(I,P,V,S)."
        )

    def _asked(self, names: list[str]) -> None:
        n = self.length
        first, last = names[0], names[-1]
        state = self.rng.randint(0, 2)
        self.lines.append(f"goal(a) :- {first}({n},S), S > 0{self._guard('1')}.")
        self.lines.append(f"goal(b) :- {first}({n},S), {last}({self.rng.randint(1, n)},S).")
        self.lines.append(f"goal(c) :- \\+ {first}({n},{state}), {last}({n - 1},T), T >= 1.")
        self.lines.append(f"goal(d) :- {first}({n},S), {last}({n},T), S < T.")
        self.lines.append(
            f"goal(e) :- {first}({n - 1},{state}), symbol({n},{self.rng.randrange(self.values)})."
        )
        wanted = [f"{first}({n},_)", f"{last}({n},_)", f"goal({self.rng.choice('abcde')})", "goal(_)"]
        for query in self.rng.sample(wanted, self.rng.randint(1, 3)):
            self.lines.append(f"query({query}).")
        if self.rng.random() < 0.5:
            known = [
                f"symbol({self.rng.randint(1, n)},{self.rng.randrange(self.values)})",
                f"{last}({self.rng.randint(1, n)},{state})",
                "early",
                "goal(b)",
                "goal(d)",
            ]
            for goal in self.rng.sample(known, self.rng.choice([1, 1, 2])):
                self.lines.append(f"evidence({goal}{self.rng.choice(['', ',false'])}).")
