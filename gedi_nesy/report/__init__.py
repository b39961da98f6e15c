"""Tables and pictures from results and arrays; they know no model."""
