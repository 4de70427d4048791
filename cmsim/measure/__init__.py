"""What a run cost: inferences, operators, stack, heap, arena, flash. Measuring never changes the cycle count."""
