//! The embedded SQLite backend of Countersign.
