"""Metrics: functions of labels, predictions and features; they know no model."""
