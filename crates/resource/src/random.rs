//! The randomness of the machine.

use countersign_core::Random;

/// The randomness of the machine: what names the assertions of an API, unless another [`Random`] is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program that makes assertions has to name each differently; another source can be passed in"
    )]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("no assertion can be made without randomness");
    }
}
