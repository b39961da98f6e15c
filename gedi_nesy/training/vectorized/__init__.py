"""Many small networks trained at once, each as if alone."""
