//! Against servers on loopback: what arrives there, and whom we believe.

use std::sync::mpsc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

fn inline(text: &str) -> Secret {
    Secret::Inline(text.to_owned())
}

/// What a server hears when somebody with these settings asks it.
async fn heard(settings: &HttpSettings) -> HeaderMap {
    let (sender, receiver) = mpsc::channel();
    let handler = move |headers: HeaderMap| {
        sender.send(headers).unwrap();
        async { "" }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(handler));
    let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let request = Clients::default().get(settings).unwrap().get(url);
    signed(request, settings).unwrap().send().await.unwrap();
    server.abort();
    receiver.recv().unwrap()
}

#[tokio::test]
async fn who_we_are_arrives_and_files_are_read_for_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let (username, password) = (inline("ana"), Secret::File(file.clone()));
    let basic = HttpSettings {
        authorization: Authorization::Basic { username, password },
        headers: vec![("x-scope".to_owned(), inline("shop"))],
        compression: Compression::None,
        ..HttpSettings::default()
    };
    let headers = heard(&basic).await;
    assert_eq!(headers["authorization"], "Basic YW5hOnNlY3JldA==");
    assert_eq!(headers["x-scope"], "shop");
    assert!(!headers.contains_key("accept-encoding"));
    std::fs::write(&file, "other").unwrap();
    assert_eq!(heard(&basic).await["authorization"], "Basic YW5hOm90aGVy");

    let (kind, credentials) = ("Bearer".to_owned(), inline("token"));
    let authorization = Authorization::Header { kind, credentials };
    let bearer = HttpSettings { authorization, ..HttpSettings::default() };
    assert_eq!(heard(&bearer).await["authorization"], "Bearer token");

    std::fs::remove_file(&file).unwrap();
    let request = Clients::default().get(&basic).unwrap().get("http://127.0.0.1:1/");
    assert!(signed(request, &basic).unwrap_err().starts_with("cannot read"));
}

#[tokio::test]
async fn redirects_are_followed_unless_they_are_refused_and_a_proxy_is_asked_instead() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", get(|| async { Redirect::temporary("/there") }))
        .route("/there", get(|| async { "arrived" }))
        .fallback(|uri: axum::http::Uri| async move {
            (StatusCode::OK, format!("asked for {uri}")).into_response()
        });
    let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let ask = |settings: HttpSettings, url: String| async move {
        let response = Clients::default().get(&settings).unwrap().get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let own = format!("http://{address}/");
    let followed = ask(HttpSettings::default(), own.clone()).await;
    assert_eq!(followed, (200, "arrived".to_owned()));
    let refused = HttpSettings { redirects: Redirects::Refused, ..HttpSettings::default() };
    assert_eq!(ask(refused, own.clone()).await.0, 307);
    let proxy_url = Some(own);
    let by_proxy = HttpSettings { proxy_url, ..HttpSettings::default() };
    let (status, said) = ask(by_proxy, "http://shop.example/metrics".to_owned()).await;
    assert_eq!((status, said.as_str()), (200, "asked for http://shop.example/metrics"));
    server.abort();
}

/// Certificates in PEM; `certificates/make.sh` has made them.
struct Papers {
    authority: &'static str,
    certificate: &'static str,
    key: &'static str,
}

const AUTHORITY: &str = include_str!("certificates/authority.pem");
/// For the name `node.internal`.
const NODE: Papers = Papers {
    authority: AUTHORITY,
    certificate: include_str!("certificates/node.pem"),
    key: include_str!("certificates/node.key"),
};
/// For the address 127.0.0.1.
const LOCAL: Papers = Papers {
    authority: AUTHORITY,
    certificate: include_str!("certificates/local.pem"),
    key: include_str!("certificates/local.key"),
};
/// Of another authority.
const OWN: Papers = Papers {
    authority: include_str!("certificates/stranger.pem"),
    certificate: include_str!("certificates/own.pem"),
    key: include_str!("certificates/own.key"),
};

/// Answers one request over TLS; wants a certificate of `client` if there is one.
async fn serve_tls(papers: &Papers, client: Option<&Papers>) -> String {
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = match client {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(client.authority.as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(papers.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(papers.key.as_bytes()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let mut request = [0; 1024];
        if stream.read(&mut request).await.is_ok() {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.ok();
            stream.shutdown().await.ok();
        }
    });
    url
}

async fn is_answered(
    tls: TlsSettings,
    papers: &Papers,
    client: Option<&Papers>,
) -> Result<(), String> {
    let url = serve_tls(papers, client).await;
    let client = Clients::default().get(&HttpSettings { tls, ..HttpSettings::default() })?;
    let response = client.get(url).send().await.map_err(|error| with_causes(&error))?;
    response.text().await.map(drop).map_err(|error| with_causes(&error))
}

#[tokio::test]
async fn only_known_authorities_and_the_right_name_are_believed() {
    let known = || TlsSettings { authorities: Some(inline(AUTHORITY)), ..TlsSettings::default() };
    let named = |name: &str| TlsSettings { server_name: Some(name.to_owned()), ..known() };
    assert_eq!(is_answered(known(), &LOCAL, None).await, Ok(()));
    let others = Some(inline(OWN.authority));
    let others = TlsSettings { authorities: others, ..TlsSettings::default() };
    is_answered(others, &LOCAL, None).await.unwrap_err();
    is_answered(TlsSettings::default(), &LOCAL, None).await.unwrap_err();
    is_answered(known(), &NODE, None).await.unwrap_err();
    assert_eq!(is_answered(named("node.internal"), &NODE, None).await, Ok(()));
    is_answered(named("other.internal"), &NODE, None).await.unwrap_err();
    is_answered(named("node.internal"), &LOCAL, None).await.unwrap_err();
    let skipped = TlsSettings { verification: Verification::Skipped, ..TlsSettings::default() };
    assert_eq!(is_answered(skipped, &NODE, None).await, Ok(()));
    let nobody = TlsSettings { server_name: Some("a".to_owned()), ..TlsSettings::default() };
    let said = is_answered(nobody, &NODE, None).await.unwrap_err();
    assert_eq!(said, "`server_name` needs a `ca_file` or `ca`");
}

#[tokio::test]
async fn our_own_certificate_is_shown_and_files_are_read_again_when_they_change() {
    let identity = Some((inline(OWN.certificate), inline(OWN.key)));
    let tls =
        TlsSettings { authorities: Some(inline(AUTHORITY)), identity, ..TlsSettings::default() };
    assert_eq!(is_answered(tls.clone(), &LOCAL, Some(&OWN)).await, Ok(()));
    let named = TlsSettings { server_name: Some("127.0.0.1".to_owned()), ..tls.clone() };
    assert_eq!(is_answered(named, &LOCAL, Some(&OWN)).await, Ok(()));
    is_answered(TlsSettings { identity: None, ..tls }, &LOCAL, Some(&OWN)).await.unwrap_err();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, OWN.authority).unwrap();
    let clients = Clients::default();
    let authorities = Some(Secret::File(file.clone()));
    let tls = TlsSettings { authorities, ..TlsSettings::default() };
    let settings = HttpSettings { tls, ..HttpSettings::default() };
    let url = serve_tls(&LOCAL, None).await;
    clients.get(&settings).unwrap().get(url).send().await.unwrap_err();
    std::fs::write(&file, AUTHORITY).unwrap();
    // The same file is told from the one before by its time.
    let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
    let url = serve_tls(&LOCAL, None).await;
    clients.get(&settings).unwrap().get(url).send().await.unwrap();
}
