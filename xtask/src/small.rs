//! What the crates that others compile into their own programs must not pull in.

use crate::run::{ChoreError, command, output};

/// A crate with some of its features, and which packages may not come with them.
struct Small {
    package: &'static str,
    features: &'static str,
    never: &'static [&'static str],
}

/// Another crypto backend than the one that was asked for, a database, a server framework.
const SMALL: [Small; 3] = [
    Small {
        package: "countersign-jose",
        features: "ring",
        never: &[
            "aws-lc-rs",
            "aws-lc-sys",
            "tokio",
            "hyper",
            "axum",
            "rusqlite",
        ],
    },
    Small {
        package: "countersign-resource",
        features: "ring,http-client",
        never: &[
            "aws-lc-rs",
            "aws-lc-sys",
            "axum",
            // Its features unite with those of a host's own, whose `Client::new()` then panics.
            "reqwest",
            "rusqlite",
            "tokio-postgres",
            "sqlx",
        ],
    },
    Small {
        package: "countersign-resource",
        features: "ring",
        never: &[
            "aws-lc-rs",
            "aws-lc-sys",
            "axum",
            "hyper",
            "reqwest",
            "rustls",
            "rusqlite",
        ],
    },
];

/// Looks at the trees of dependencies that cargo would compile.
pub(crate) fn check() -> Result<(), ChoreError> {
    for Small {
        package,
        features,
        never,
    } in SMALL
    {
        let mut tree = command(
            env!("CARGO"),
            &[
                "tree",
                "--package",
                package,
                "--no-default-features",
                "--features",
                features,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ],
        );
        let tree = output(&mut tree)?;
        let pulled_in = tree
            .lines()
            .filter_map(|line| line.split(' ').next())
            .find(|name| never.contains(name));
        if let Some(name) = pulled_in {
            return Err(ChoreError::Answer(format!(
                "{package} with the features {features} pulls in {name}, which is not for those who only check tokens"
            )));
        }
        println!(
            "{package} with the features {features}: {} packages",
            tree.lines().count()
        );
    }
    Ok(())
}
