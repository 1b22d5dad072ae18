//! A peer for tests: it has a key and an inbox, and posts signed documents.

use super::sockets::{Reply, ask, date_at, plain_headers, unix_ms, until};
use fedisim::foundation::ids::{InstanceId, SessionId, VideoId};
use fedisim::foundation::units::Time;
use fedisim::live::http_signature::{Claim, Refused, Request, prove};
use fedisim::live::keys::{KeyPair, PublicKey};
use fedisim::live::ld_signature;
use fedisim::mechanism::activity::{Activity, Form, Stamp, Subject};
use fedisim::mechanism::wire::{Host, Names, SESSION_ID_LENGTH, VERSION, VIDEO_ID_DIGITS, VideoNames};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The headers that are signed.
pub(super) const SIGNED: &str = "(request-target) host date digest";

/// A received request.
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

    /// The posts to its inbox so far.
    pub(super) fn got(&self) -> Vec<Got> {
        self.got.lock().expect("nobody panics with it").clone()
    }

    /// Waits for an activity of a type by an actor.
    pub(super) fn wait_for(&self, kind: &str, actor: &str) -> Got {
        let is_it = |got: &Got| got.json()["type"] == kind && got.json()["actor"] == actor;
        until(&format!("{kind} of {actor}"), || self.got().into_iter().find(is_it))
    }

    /// A document of its own about a video of the server at a port, signed. It expires after an hour unless it is a plain view.
    pub(super) fn says(&self, port: u16, video: u32, subject: Subject, result: Option<u32>) -> String {
        const HOUR_MS: u64 = 3_600_000;
        let (origin, own) = (InstanceId(0), InstanceId(1));
        let (url, account) = self.actor.split_once("/accounts/").expect("an account");
        let names = Names {
            instances: vec![
                Host::new(&format!("http://127.0.0.1:{port}")),
                Host { url: url.to_owned(), server_actor: account.to_owned() },
            ],
            videos: (0..=video)
                .map(|video| VideoNames::numbered(VideoId(video), origin, VIDEO_ID_DIGITS))
                .collect(),
            session_id_length: SESSION_ID_LENGTH,
            version: VERSION.to_owned(),
            epoch_unix_ms: unix_ms(&date_at(port)),
        };
        let is_plain = matches!(subject, Subject::Plain(_));
        let activity = Activity {
            video: VideoId(video),
            author: own,
            subject,
            result,
            views: None,
            built: Time::ZERO,
            expires: (!is_plain).then_some(Time::from_ms(HOUR_MS)),
            stamp: Stamp { session: SessionId(0), number: 0 },
            form: Form::V61,
        };
        let document = names.activity(&activity, Form::V61);
        let signature = ld_signature::sign(&document, &self.key, names.iso_time(Time::ZERO));
        document.signed(signature).json()
    }

    /// Posts to the inbox at a port, signed with a key.
    pub(super) fn post(&self, port: u16, body: &str, key: &KeyPair) -> Reply {
        self.post_of(port, body, key, &date_at(port))
    }

    /// Posts with another date.
    pub(super) fn post_of(&self, port: u16, body: &str, key: &KeyPair, date: &str) -> Reply {
        ask(port, "POST /inbox", &self.headers(port, body, key, date), body)
    }

    /// The headers of a signed post.
    pub(super) fn headers(&self, port: u16, body: &str, key: &KeyPair, date: &str) -> Vec<(String, String)> {
        let mut headers = plain_headers(port, body);
        headers.extend(signed_as(&self.actor, key, port, body, date));
        headers
    }

    /// The headers of a post that signs only some of them.
    pub(super) fn headers_signing(&self, port: u16, body: &str, signed: &str) -> Vec<(String, String)> {
        let mut headers = self.headers(port, body, &self.key, &date_at(port));
        let line = |name: &str| match name {
            "(request-target)" => "(request-target): post /inbox".to_owned(),
            name => {
                let value = headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
                format!("{name}: {}", value.expect("it is there"))
            }
        };
        let lines: Vec<String> = signed.split(' ').map(line).collect();
        let (actor, value) = (&self.actor, self.key.sign(lines.join("\n").as_bytes()));
        let signature = format!(
            r#"keyId="{actor}#main-key",algorithm="rsa-sha256",headers="{signed}",signature="{value}""#
        );
        headers
            .iter_mut()
            .filter(|(name, _)| name == "signature")
            .for_each(|(_, own)| own.clone_from(&signature));
        headers
    }
}

/// The headers that prove a post by an actor to the inbox at a port.
pub(super) fn signed_as(
    actor: &str,
    key: &KeyPair,
    port: u16,
    body: &str,
    date: &str,
) -> [(String, String); 3] {
    let proof = prove(key, actor, &format!("127.0.0.1:{port}"), "/inbox", date, body.as_bytes());
    let signature = format!(
        r#"keyId="{actor}#main-key",algorithm="rsa-sha256",headers="{SIGNED}",signature="{}""#,
        proof.signature
    );
    let digest = format!("SHA-256={}", proof.digest);
    [("date", date.to_owned()), ("digest", digest), ("signature", signature)]
        .map(|(name, value)| (name.to_owned(), value))
}
