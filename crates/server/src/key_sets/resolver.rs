//! Where names lead, and whether one may go there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use countersign_provider::FetchError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::public::is_public;
use crate::network::Network;

/// The most names that are looked up at the same time. The system goes on looking when nobody waits any more.
const MAX_LOOKUPS: usize = 16;

/// Which addresses may be asked.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// Those that may be asked although they are not public.
    allowed: Arc<[Network]>,
}

impl Reach {
    pub(super) fn new(allowed: Vec<Network>) -> Self {
        Self {
            allowed: allowed.into(),
        }
    }

    pub(super) fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.allowed.iter().any(|it| it.contains(address))
    }
}

/// Looks names up, and believes what it is told.
#[async_trait]
pub(super) trait LookUp: Send + Sync {
    /// The addresses of a name; the ports mean nothing.
    async fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>>;
}

/// As the system does it.
pub(super) struct SystemLookUp;

#[async_trait]
impl LookUp for SystemLookUp {
    async fn look_up(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// Gives those addresses only that may be asked. The connection goes to exactly these: a name cannot lead elsewhere between
/// the judgement and the use (attack classes 40 and 41, DNS rebinding).
#[derive(Clone)]
pub(super) struct JudgingResolver {
    inner: Arc<dyn LookUp>,
    reach: Reach,
    lookups: Arc<Semaphore>,
}

impl JudgingResolver {
    pub(super) fn new(inner: Arc<dyn LookUp>, reach: Reach) -> Self {
        Self {
            inner,
            reach,
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
        }
    }

    /// Whether a name is worth looking up.
    pub(super) fn may_look_up(&self, name: &str) -> bool {
        !is_localhost(name) || self.own_addresses().next().is_some()
    }

    /// The addresses of this machine that may be asked.
    fn own_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let own = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ];
        own.into_iter().filter(|it| self.reach.permits(*it))
    }

    /// The addresses of a name, with the port 0, which stands for that of the URL.
    async fn judged(&self, name: &str) -> Result<Vec<SocketAddr>, FetchError> {
        if is_localhost(name) {
            let addresses: Vec<_> = self
                .own_addresses()
                .map(|it| SocketAddr::new(it, 0))
                .collect();
            return if addresses.is_empty() {
                Err(FetchError::Forbidden)
            } else {
                Ok(addresses)
            };
        }
        let mut addresses = self.look_up(name).await?;
        if addresses.is_empty() {
            return Err(FetchError::Unresolved);
        }
        // One that leads inside is enough: no honest name has some of both.
        if !addresses.iter().all(|it| self.reach.permits(it.ip())) {
            return Err(FetchError::Forbidden);
        }
        for address in &mut addresses {
            address.set_port(0);
        }
        Ok(addresses)
    }

    /// Asks on a task of its own, since the system's threads are busy until they have an answer, whoever gives up waiting.
    async fn look_up(&self, name: &str) -> Result<Vec<SocketAddr>, FetchError> {
        let lookups = Arc::clone(&self.lookups).acquire_owned().await;
        let (inner, name) = (Arc::clone(&self.inner), name.to_owned());
        let found = tokio::spawn(async move {
            let _one_of_many = lookups;
            inner.look_up(&name).await
        });
        match found.await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(_)) | Err(_) => Err(FetchError::Unresolved),
        }
    }
}

impl Resolve for JudgingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.judged(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// RFC 6761 §6.3: such names are this machine, and are not looked up, so that nobody's answer can make them anything else.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every name with these.
    struct Answers(Vec<IpAddr>);

    #[async_trait]
    impl LookUp for Answers {
        async fn look_up(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
            let with_port = |it: &IpAddr| SocketAddr::new(*it, 7);
            Ok(self.0.iter().map(with_port).collect())
        }
    }

    /// The addresses that a name may be asked at, if it has these.
    async fn judged(name: &str, answers: &str, allowed: &str) -> Result<String, FetchError> {
        let words =
            |text: &str| -> Vec<String> { text.split_whitespace().map(Into::into).collect() };
        let answers = words(answers)
            .iter()
            .map(|it| it.parse().unwrap())
            .collect();
        let allowed = words(allowed)
            .iter()
            .map(|it| it.parse().unwrap())
            .collect();
        let resolver = JudgingResolver::new(Arc::new(Answers(answers)), Reach::new(allowed));
        let found = resolver.judged(name).await?;
        assert!(found.iter().all(|it| it.port() == 0), "{found:?}");
        let found: Vec<String> = found.iter().map(|it| it.ip().to_string()).collect();
        Ok(found.join(" "))
    }

    #[tokio::test]
    async fn attack_40_41_one_address_that_leads_inside_spoils_all() {
        let forbidden = Err(FetchError::Forbidden);
        for (answers, allowed, expected) in [
            ("1.1.1.1", "", Ok("1.1.1.1")),
            ("1.1.1.1 2606:4700::1", "", Ok("1.1.1.1 2606:4700::1")),
            ("", "", Err(FetchError::Unresolved)),
            ("10.0.0.1", "", forbidden.clone()),
            ("1.1.1.1 10.0.0.1", "", forbidden.clone()),
            ("10.0.0.1 1.1.1.1", "", forbidden.clone()),
            ("1.1.1.1 ::1", "", forbidden.clone()),
            ("10.0.0.1 1.1.1.1", "10.0.0.0/8", Ok("10.0.0.1 1.1.1.1")),
            ("10.0.0.1", "10.0.0.1", Ok("10.0.0.1")),
            ("10.0.0.2", "10.0.0.1", forbidden.clone()),
            ("10.0.0.1 127.0.0.1", "10.0.0.0/8", forbidden.clone()),
            // What is allowed is allowed as it is written.
            ("::ffff:10.0.0.1", "10.0.0.0/8", forbidden.clone()),
        ] {
            let found = judged("client.example", answers, allowed).await;
            assert_eq!(found, expected.map(str::to_owned), "{answers} {allowed}");
        }
    }

    #[tokio::test]
    async fn rfc6761_06_3_localhost_is_this_machine_whatever_the_dns_says() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "a.localhost.",
        ] {
            for (allowed, expected) in [
                ("", Err(FetchError::Forbidden)),
                ("10.0.0.0/8", Err(FetchError::Forbidden)),
                ("127.0.0.1", Ok("127.0.0.1")),
                ("::1", Ok("::1")),
                ("127.0.0.0/8 ::1", Ok("127.0.0.1 ::1")),
            ] {
                let found = judged(name, "1.1.1.1", allowed).await;
                assert_eq!(found, expected.map(str::to_owned), "{name} {allowed}");
            }
        }
        for name in ["localhost.example", "notlocalhost", "localhost.."] {
            let found = judged(name, "1.1.1.1", "").await;
            assert_eq!(found.as_deref(), Ok("1.1.1.1"), "{name}");
        }
    }
}
