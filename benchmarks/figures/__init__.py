"""Published figures have a file behind them: docs/figures/*.json, from which the tables in README and docs are made."""
