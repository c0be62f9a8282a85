//! A hostile server cannot hold the judge, nor send it elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign_conformance::{Outcome, RunError, Selection, Target, run};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Hands every connection to `answer`, and counts them.
async fn serve<F>(answer: fn(TcpStream, String) -> F, elsewhere: &str) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let (counted, elsewhere) = (Arc::clone(&count), elsewhere.to_owned());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let elsewhere = elsewhere.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                answer(stream, elsewhere).await;
            });
        }
    });
    (url, count)
}

async fn redirect(mut stream: TcpStream, elsewhere: String) {
    let answer = format!(
        "HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn pour(mut stream: TcpStream, _: String) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n[";
    let _ = stream.write_all(head.as_bytes()).await;
    while stream.write_all(&[b' '; 8192]).await.is_ok() {}
}

async fn silence(stream: TcpStream, _: String) {
    tokio::time::sleep(Duration::from_mins(1)).await;
    drop(stream);
}

fn selection(id: &str) -> Selection {
    Selection {
        only: vec![id.to_owned()],
        ..Selection::default()
    }
}

fn target(issuer: &str) -> Target {
    Target::from_toml(&format!("issuer = '{issuer}'")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let (elsewhere, visits) = serve(silence, "").await;
    let (issuer, _) = serve(redirect, &elsewhere).await;
    let report = run(&target(&issuer), &selection("RFC8414-07"))
        .await
        .unwrap();
    assert!(
        matches!(report.outcome("RFC8414-07"), Some(Outcome::Fail { .. })),
        "{report}"
    );
    assert_eq!(visits.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_cut_off() {
    let (issuer, _) = serve(pour, "").await;
    let started = Instant::now();
    let report = run(&target(&issuer), &selection("RFC8414-07"))
        .await
        .unwrap();
    assert!(started.elapsed() < Duration::from_secs(9));
    assert!(
        matches!(report.outcome("RFC8414-07"), Some(Outcome::Fail { .. })),
        "{report}"
    );
    assert!(report.to_string().len() < 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_is_waited_for_ten_seconds() {
    let (issuer, _) = serve(silence, "").await;
    let started = Instant::now();
    let result = run(&target(&issuer), &selection("RFC8414-07")).await;
    assert!(matches!(result, Err(RunError::Unreachable { .. })));
    assert!(
        (9..20).contains(&started.elapsed().as_secs()),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_not_led_in_circles() {
    let (issuer, visits) = serve(redirect, "/again").await;
    let target = Target::from_toml(&format!(
        "issuer = '{issuer}'\n[endpoints]\nauthorization = '{issuer}/authorize'\n\
         [users.primary]\nusername = 'user'\npassword = 'hush-hush'\n\
         [clients.web]\nclient_id = 'web'\nclient_secret = 'hush-hush-web'\n\
         grant_types = ['authorization_code']\nredirect_uris = ['https://web.example/cb']"
    ))
    .unwrap();
    let report = run(&target, &selection("RFC6749-09")).await.unwrap();
    let text = report.to_string();
    assert!(text.contains("at most 10 redirects in a row"), "{text}");
    // Two for the metadata, and the request itself.
    assert_eq!(visits.load(Ordering::Relaxed), 10 + 3);
}
