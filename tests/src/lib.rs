//! Whole-process tests of the countersign binary.
