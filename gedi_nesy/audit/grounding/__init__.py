"""From training queries to constraints on maps: ground template by template, or query by query."""
