//! Randomness, passed in and never asked for.

/// A source of cryptographically secure random bytes.
///
/// The host program owns the only implementation that asks the system. An implementation that cannot deliver must
/// not return: a token service without randomness has to stop.
pub trait Random: Send + Sync {
    /// Fills `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

impl dyn Random + '_ {
    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }
}
