//! The countersign binary: HTTP, configuration, command line.
