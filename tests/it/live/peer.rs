//! A server of others: it has a key and an inbox, and posts what it is told to, signed.

use super::sockets::{Reply, ask, plain_headers, until};
use fedisim::live::http_signature::{Claim, Refused, Request, prove};
use fedisim::live::keys::{KeyPair, PublicKey};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The date that it writes into its heads.
const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Got {
    first: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Got {
    fn read(stream: &TcpStream) -> Option<Got> {
        let mut lines = BufReader::new(stream);
        let mut line = || {
            let mut line = String::new();
            let read = lines.read_line(&mut line).ok()?;
            (read > 0).then(|| line.trim_end().to_owned())
        };
        let first = line()?;
        let mut headers = Vec::new();
        while let Some(line) = line().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut got = Got { first, headers, body: String::new() };
        let length = got.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        lines.read_exact(&mut body).ok()?;
        got.body = String::from_utf8(body).ok()?;
        Some(got)
    }

    fn header(&self, name: &str) -> Option<String> {
        let mut found = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.clone());
        found.next()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Whether the key signed this request.
    pub(super) fn check(&self, key: &PublicKey) -> Result<Claim, Refused> {
        let mut first = self.first.split(' ');
        let [method, target] = [first.next(), first.next()].map(|part| part.expect("a request"));
        let header = |name: &str| self.header(name);
        let request = Request { method, target, header: &header, body: self.body.as_bytes() };
        let claim = Claim::of(&request)?;
        claim.check(&request, key).map(|()| claim)
    }
}

/// The server.
pub(super) struct Peer {
    pub(super) actor: String,
    pub(super) inbox: String,
    pub(super) key: KeyPair,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Peer {
    /// It serves from now on.
    pub(super) fn start() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has one"));
        let (actor, inbox) = (format!("{url}/accounts/me"), format!("{url}/inbox"));
        let key = KeyPair::generate().expect("a key");
        let document = json!({
            "id": actor,
            "type": "Application",
            "inbox": inbox,
            "publicKey": { "id": format!("{actor}#main-key"), "owner": actor, "publicKeyPem": key.public_key_pem() },
        })
        .to_string();
        let got = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(one) = Got::read(&stream) else { continue };
                let answer = match one.first.as_str() {
                    "GET /accounts/me HTTP/1.1" => ("200 OK", document.as_str()),
                    "POST /inbox HTTP/1.1" => ("202 Accepted", ""),
                    _ => ("404 Not Found", ""),
                };
                if one.first.starts_with("POST") {
                    all.lock().expect("nobody panics with it").push(one);
                }
                let (status, body) = answer;
                let length = body.len();
                let _ = write!(
                    &stream,
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            }
        });
        Peer { actor, inbox, key, got }
    }

    /// What was posted to its inbox so far.
    pub(super) fn got(&self) -> Vec<Got> {
        self.got.lock().expect("nobody panics with it").clone()
    }

    /// Waits for an activity of a type by an actor.
    pub(super) fn wait_for(&self, kind: &str, actor: &str) -> Got {
        let is_it = |got: &Got| got.json()["type"] == kind && got.json()["actor"] == actor;
        until(&format!("{kind} of {actor}"), || self.got().into_iter().find(is_it))
    }

    /// Posts to the inbox at a port, signed with its key or that of another.
    pub(super) fn post(&self, port: u16, body: &str, key: &KeyPair) -> Reply {
        let mut headers = plain_headers(port, body);
        headers.extend(signed_as(&self.actor, key, port, body));
        ask(port, "POST /inbox", &headers, body)
    }
}

/// The headers by which an actor would prove a POST to the inbox at a port.
pub(super) fn signed_as(actor: &str, key: &KeyPair, port: u16, body: &str) -> [(String, String); 3] {
    let proof = prove(key, actor, &format!("127.0.0.1:{port}"), "/inbox", DATE, body.as_bytes());
    let signature = format!(
        r#"keyId="{actor}#main-key",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="{}""#,
        proof.signature
    );
    let digest = format!("SHA-256={}", proof.digest);
    [("date", DATE.to_owned()), ("digest", digest), ("signature", signature)]
        .map(|(name, value)| (name.to_owned(), value))
}
