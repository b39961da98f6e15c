"""DeepProbLog's own classes, imported without the warning that its approximate engine needs SWI-Prolog."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from deepproblog.engines import ExactEngine
    from deepproblog.model import Model
    from deepproblog.network import Network
    from deepproblog.query import Query
    from deepproblog.semiring import Result
    from deepproblog.semiring.graph_semiring import GraphSemiring

__all__ = ["ExactEngine", "GraphSemiring", "Model", "Network", "Query", "Result"]
