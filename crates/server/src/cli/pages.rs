//! Reading long lists from storage.

use crate::output::Failure;

/// How many entries are read at a time.
const PAGE: u32 = 500;

/// Reads pages until there is none left, each beginning behind the last entry of the one before.
pub(super) async fn all<T, K, E>(
    key: impl Fn(&T) -> K,
    page: impl AsyncFn(Option<K>, u32) -> Result<Vec<T>, E>,
) -> Result<Vec<T>, Failure>
where
    Failure: From<E>,
{
    let mut entries: Vec<T> = Vec::new();
    loop {
        let page = page(entries.last().map(&key), PAGE).await?;
        if page.is_empty() {
            return Ok(entries);
        }
        entries.extend(page);
    }
}
