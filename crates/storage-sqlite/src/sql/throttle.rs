//! Statements on failures.

super::statements! {
    FAILURES = "SELECT count, since, last FROM failures WHERE subject = ?1";
    /// In the window that lasts from `since` for `?3` seconds, or else in a new one.
    COUNT_FAILURE = "INSERT INTO failures (subject, count, since, last) VALUES (?1, 1, ?2, ?2) \
         ON CONFLICT (subject) DO UPDATE SET \
         count = iif(?2 >= since AND ?2 - since < ?3, min(count + 1, 4294967295), 1), \
         since = iif(?2 >= since AND ?2 - since < ?3, since, ?2), \
         last = iif(?2 >= since AND ?2 - since < ?3, max(last, ?2), ?2) \
         RETURNING count, since, last";
    FORGIVE = "DELETE FROM failures WHERE subject = ?1";
    SWEEP_FAILURES = "DELETE FROM failures WHERE subject IN \
         (SELECT subject FROM failures WHERE last < ?1 ORDER BY last LIMIT ?2)";
}
