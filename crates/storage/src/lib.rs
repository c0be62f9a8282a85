//! The storage traits of Countersign, an in-memory store, and the contract every backend must pass.
