//! The binary, as a script would use it.

use std::process::Output;
use std::sync::Arc;

use crate::fake::{Fake, Setting, Sin};
use countersign_conformance::{Target, checks};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_countersign-conformance");
    std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs against a fake server, with `more` at the end of its description.
async fn judge(sin: Sin, more: &str, arguments: &[&str]) -> (Output, Arc<Fake>) {
    let fake = Fake::start(sin, Setting::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.toml");
    std::fs::write(&path, fake.target(Setting::default(), None) + more).unwrap();
    let output = run(&[&["run", "--target", path.to_str().unwrap()], arguments].concat());
    (output, fake)
}

#[test]
fn the_example_of_the_crate_page_is_a_target() {
    let target = Target::from_toml(include_str!("../../examples/target.toml")).unwrap();
    assert_eq!(target.issuer(), "https://as.example");
    assert!(target.deviation("RFC6749-05").is_some());
}

#[test]
fn list_prints_every_check() {
    let text = stdout(&run(&["list"]));
    let json: Vec<Value> = serde_json::from_slice(&run(&["list", "--json"]).stdout).unwrap();
    assert_eq!(
        (text.lines().count(), json.len()),
        (checks().count(), checks().count())
    );
    for ((check, line), object) in checks().zip(text.lines()).zip(&json) {
        assert!(
            line.starts_with(check.id()) && line.contains(check.requirement()),
            "{line}"
        );
        assert_eq!(object["id"], check.id());
        assert_eq!(object["level"], check.level().to_string());
    }
}

#[test]
fn explain_tells_where_to_read_on() {
    let output = run(&["explain", "RFC7009-06"]);
    assert!(stdout(&output).contains("https://www.rfc-editor.org/rfc/rfc7009#section-2.1"));
    assert!(stdout(&output).contains("MUST"));
    assert_eq!(run(&["explain", "RFC7009-99"]).status.code(), Some(2));
}

#[test]
fn misuse_exits_with_2_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // Nothing listens on port 1.
    let silent = file("silent.toml", "issuer = 'http://127.0.0.1:1'");
    let faulty = file("faulty.toml", "isuer = 'http://127.0.0.1:1'");
    let keyless = file(
        "keyless.toml",
        "issuer = 'http://127.0.0.1:1'\n[clients.private_key]\nclient_id = 'a'\n\
         auth_method = 'private_key_jwt'\nkey = { file = 'no-such-key.pem' }",
    );
    let table: [(&[&str], &str); 8] = [
        (&["run"], "--target"),
        (
            &["run", "--target", "no-such-file.toml"],
            "no-such-file.toml",
        ),
        (&["run", "--target", &faulty], "isuer"),
        (&["run", "--target", &silent], "does not answer"),
        (&["run", "--target", &keyless], "no-such-key.pem"),
        (&["key", &silent], "silent.toml"),
        (
            &["run", "--target", &silent, "--only", "RFC1-01"],
            "RFC1-01",
        ),
        (
            &["run", "--target", &silent, "--profile", "everything"],
            "client-credentials",
        ),
    ];
    for (arguments, told) in table {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            stderr(&output).contains(told),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
}

#[test]
fn a_key_that_is_made_is_for_its_owner_and_its_public_part_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("judge.pem");
    let output = run(&["key", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let set: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(set["keys"][0]["crv"], "P-256");
    let pem = std::fs::read_to_string(&path).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    // No key is ever overwritten.
    assert_eq!(run(&["key", path.to_str().unwrap()]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), pem);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_is_the_count_and_the_status_follows_it() {
    let revocation = ["--profile", "revocation"];
    let (output, _) = judge(Sin::None, "", &revocation).await;
    // RFC7009-01 needs TLS.
    assert_eq!(
        stdout(&output).lines().last(),
        Some("13 passed, 0 failed, 1 skipped")
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));

    let (output, _) = judge(
        Sin::None,
        "",
        &["--profile", "revocation", "--fail-on-skip"],
    )
    .await;
    assert_eq!(output.status.code(), Some(1));

    let (output, fake) = judge(Sin::RevokesForAnyone, "", &revocation).await;
    assert_eq!(
        stdout(&output).lines().last(),
        Some("12 passed, 1 failed, 1 skipped")
    );
    assert_eq!(output.status.code(), Some(1));
    fake.assert_nothing_shown_in(&stdout(&output));

    // A SHOULD is a warning, and does not fail the run.
    let (output, _) = judge(Sin::InactiveTalks, "", &["--only", "RFC7662-06"]).await;
    assert_eq!(
        stdout(&output).lines().last(),
        Some("0 passed, 0 failed, 0 skipped")
    );
    assert!(stdout(&output).contains("WARN"));
    assert_eq!(output.status.code(), Some(0));

    // To skip everything is not to pass.
    let (output, _) = judge(Sin::None, "", &["--only", "RFC7009-01"]).await;
    assert_eq!(
        stdout(&output).lines().last(),
        Some("0 passed, 0 failed, 1 skipped")
    );
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_deviation_is_reported_and_must_be_one() {
    let declared = "[deviations]\n'RFC6749-05' = 'both spellings are taken'\n";
    let only = ["--only", "RFC6749-05"];
    let (output, _) = judge(Sin::TakesRawBasic, declared, &only).await;
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("declared: both spellings are taken"));

    let (output, _) = judge(Sin::None, declared, &only).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("passes, though declared to deviate"));
    assert_eq!(
        stdout(&output).lines().last(),
        Some("0 passed, 1 failed, 0 skipped")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_report_is_as_documented() {
    let only = ["--only", "RFC7009-12", "--only", "RFC7009-11", "--json"];
    let (output, fake) = judge(Sin::RevocationMindsTwice, "", &only).await;
    assert_eq!(output.status.code(), Some(1));
    fake.assert_nothing_shown_in(&stdout(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let members = |value: &Value| -> Vec<String> {
        let mut members: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        members.sort();
        members
    };
    // The example of the crate page has the same members.
    let page = include_str!("../../src/lib.rs");
    let json = page
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("//! ```")
        .next()
        .unwrap();
    let documented: Value = serde_json::from_str(&json.replace("//!", "")).unwrap();
    let failed = &report["results"][1];
    let example = &documented["results"][0];
    for (got, documented) in [
        (&report, &documented),
        (&report["summary"], &documented["summary"]),
        (failed, example),
        (&failed["check"], &example["check"]),
        (&failed["evidence"], &example["evidence"]),
        (
            &failed["evidence"]["exchanges"][0],
            &example["evidence"]["exchanges"][0],
        ),
    ] {
        assert_eq!(members(got), members(documented));
    }
    assert_eq!(failed["check"], example["check"]);
    assert_eq!(failed["result"], "fail");
    assert_eq!(report["summary"], documented["summary"]);
}
