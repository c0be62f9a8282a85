//! Benchmarks of issuing, validating and storing.
