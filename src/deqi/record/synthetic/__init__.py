"""A made-up clinic: for the demo, for benchmarks, for learning. No row of it is about a real person."""
