//! The dialects over HTTP: one test for each row of what the seed systems do, named after it.

mod classic;
mod matrix;
mod moov;
mod scripts;
mod wazo_administration;
mod wazo_tokens;
