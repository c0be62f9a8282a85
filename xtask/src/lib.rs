//! Every chore of this repository.
