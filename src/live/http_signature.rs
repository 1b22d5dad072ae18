//! The signature of a request. It proves the sender, the receiver, the date and the body.
//!
//! The sender signs the lines of the request target, the host, the date and the digest of the body. The receiver reads
//! who claims to have signed (`Claim::read`), fetches that actor's key, and verifies the claim (`Claim::check`).
//! There is no IO and no clock: the caller decides how old a date may be.
//!
//! Source: draft-cavage-http-signatures-12, which the fediverse uses; RFC 3230 for `digest`. PeerTube neither sends nor
//! accepts RFC 9421, the successor of the draft.

use super::keys::{KeyPair, PublicKey};
use crate::mechanism::wire::Proof;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The headers that are signed, in their order.
const SIGNED: [&str; 4] = ["(request-target)", "host", "date", "digest"];

/// A longer `signature` or `digest` header is refused. PeerTube's have about 530 and 52 bytes.
const HEADER_BYTES_MAX: usize = 4_096;

/// The largest number of headers that a signature may name.
const HEADERS_MAX: usize = 32;

/// A received request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// Path and query, as sent.
    pub target: &'a str,
    /// The value of a header by its name in lower case. The values of several headers of one name are joined by `, `.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The whole body.
    pub body: &'a [u8],
}

/// What a request says of its signature. Nothing of it is proven before `check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    key_id: String,
    headers: Vec<String>,
    signature: String,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// A header is missing that is needed or named as signed.
    #[error("there is no header `{0}`")]
    MissingHeader(String),
    /// A header cannot be read: its name, and what is wrong.
    #[error("the header `{0}` {1}")]
    Malformed(&'static str, &'static str),
    /// The algorithm is not accepted.
    #[error("the signature is neither of rsa-sha256 nor of hs2019")]
    Algorithm,
    /// This header is not signed.
    #[error("`{0}` is not signed")]
    NotSigned(&'static str),
    /// The digest is not that of the body.
    #[error("the body is not the one that the digest is of")]
    DigestDiffers,
    /// The key did not make this signature of this request.
    #[error("the signature is not by this key of this request")]
    WrongSignature,
}

/// The proof of a request by which `actor`, a local name, posts `body` to `target` at `host`. `date` is the `date` header.
pub fn prove(key: &KeyPair, actor: &str, host: &str, target: &str, date: &str, body: &[u8]) -> Proof {
    let digest = STANDARD.encode(Sha256::digest(body));
    let lines =
        format!("(request-target): post {target}\nhost: {host}\ndate: {date}\ndigest: SHA-256={digest}");
    Proof { actor: actor.to_owned(), signature: key.sign(lines.as_bytes()), digest }
}

/// The signature of the GET of `target` at `host`, which has no body. `date` is the `date` header.
pub fn prove_get(key: &KeyPair, host: &str, target: &str, date: &str) -> String {
    key.sign(format!("(request-target): get {target}\nhost: {host}\ndate: {date}").as_bytes())
}

impl Claim {
    /// Reads the header `signature`. All that `prove` signs must be signed.
    ///
    /// # Errors
    /// All but `DigestDiffers` and `WrongSignature`.
    pub fn read(header: &str) -> Result<Claim, Refused> {
        const NAME: &str = "signature";
        if header.len() > HEADER_BYTES_MAX {
            return Err(Refused::Malformed(NAME, "is too long"));
        }
        let [mut key_id, mut algorithm, mut headers, mut signature] = [const { None }; 4];
        let mut rest = header;
        while !rest.is_empty() {
            let (name, value, after) = parameter(rest).ok_or(Refused::Malformed(NAME, "cannot be read"))?;
            let place = match name {
                "keyId" => &mut key_id,
                "algorithm" => &mut algorithm,
                "headers" => &mut headers,
                "signature" => &mut signature,
                // the draft has receivers ignore unknown parameters
                _ => &mut None,
            };
            if place.replace(value).is_some() {
                return Err(Refused::Malformed(NAME, "has a parameter twice"));
            }
            rest = after;
        }
        if !matches!(algorithm, None | Some("rsa-sha256" | "hs2019")) {
            return Err(Refused::Algorithm);
        }
        let key_id = key_id.ok_or(Refused::Malformed(NAME, "has no `keyId`"))?.to_owned();
        let signature = signature.ok_or(Refused::Malformed(NAME, "has no `signature`"))?.to_owned();
        // without a list only the date is signed
        let headers = names(headers.unwrap_or("date"))?;
        if let Some(missing) = SIGNED.into_iter().find(|name| !headers.iter().any(|header| header == name)) {
            return Err(Refused::NotSigned(missing));
        }
        Ok(Claim { key_id, headers, signature })
    }

    /// Reads the claim of a request, and checks its body against the digest: all that needs no key.
    ///
    /// # Errors
    /// All but `WrongSignature`.
    pub fn of(request: &Request<'_>) -> Result<Claim, Refused> {
        let header = |name: &str| (request.header)(name).ok_or(Refused::MissingHeader(name.to_owned()));
        let claim = Claim::read(&header("signature")?)?;
        check_digest(&header("digest")?, request.body)?;
        Ok(claim)
    }

    /// The lines that are signed. With the key they identify the request, however the rest of its head is written: a key has
    /// one signature of a text (PKCS #1 v1.5), and names and values hold no line break.
    ///
    /// # Errors
    /// `MissingHeader`.
    pub fn signed_lines(&self, request: &Request<'_>) -> Result<String, Refused> {
        let lines = self.headers.iter().map(|name| line(request, name)).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.join("\n"))
    }

    /// The name of the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The URL of the actor document: the name of the key without a fragment such as `#main-key`.
    pub fn actor(&self) -> &str {
        self.key_id.split_once('#').map_or(&self.key_id, |(url, _)| url)
    }

    /// Checks that the key signed this request with this body.
    ///
    /// # Errors
    /// `MissingHeader`, `Malformed`, `DigestDiffers` and `WrongSignature`.
    pub fn check(&self, request: &Request<'_>, key: &PublicKey) -> Result<(), Refused> {
        let digest = (request.header)("digest").ok_or(Refused::MissingHeader("digest".to_owned()))?;
        check_digest(&digest, request.body)?;
        if key.verifies(self.signed_lines(request)?.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(Refused::WrongSignature)
        }
    }
}

/// The signed line of one header.
fn line(request: &Request<'_>, name: &str) -> Result<String, Refused> {
    if name == "(request-target)" {
        return Ok(format!("{name}: {} {}", request.method.to_ascii_lowercase(), request.target));
    }
    let value = (request.header)(name).ok_or_else(|| Refused::MissingHeader(name.to_owned()))?;
    Ok(format!("{name}: {}", value.trim()))
}

/// The first `name="value"` of the header, and what follows its comma. A value without quotes is a number.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.trim_start_matches(' ').split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
    };
    let plain = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic() && byte != b'\\');
    let after = match rest.trim_start_matches(' ') {
        "" => "",
        rest => Some(rest.strip_prefix(',')?).filter(|rest| !rest.trim().is_empty())?,
    };
    (is_name && plain).then_some((name, value, after))
}

/// The names in a list of headers. None may occur twice.
fn names(list: &str) -> Result<Vec<String>, Refused> {
    let names: Vec<String> = list.split(' ').map(str::to_ascii_lowercase).collect();
    let twice = |(at, name): (usize, &String)| names[..at].contains(name);
    if names.len() > HEADERS_MAX || names.iter().any(String::is_empty) || names.iter().enumerate().any(twice)
    {
        return Err(Refused::Malformed("signature", "has a list of headers that cannot be read"));
    }
    Ok(names)
}

/// Checks the body against the SHA-256 in the header, which may hold other digests too.
fn check_digest(header: &str, body: &[u8]) -> Result<(), Refused> {
    if header.len() > HEADER_BYTES_MAX {
        return Err(Refused::Malformed("digest", "is too long"));
    }
    let digest = header.split(',').find_map(|one| {
        let (algorithm, digest) = one.trim().split_once('=')?;
        algorithm.eq_ignore_ascii_case("sha-256").then_some(digest)
    });
    let digest = digest.ok_or(Refused::Malformed("digest", "holds no SHA-256"))?;
    if STANDARD.encode(Sha256::digest(body)) == digest { Ok(()) } else { Err(Refused::DigestDiffers) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::sync::LazyLock;

    const MESSAGES: &str = include_str!("../../tests/traces/real-servers/messages.json");
    const PUBLIC_KEYS: &str = include_str!("../../tests/traces/real-servers/public-keys.json");
    const BODY: &[u8] = br#"{"type":"View"}"#;
    const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

    static KEYS: LazyLock<[KeyPair; 2]> =
        LazyLock::new(|| [(); 2].map(|()| KeyPair::generate().expect("a key")));

    fn public(key: &KeyPair) -> PublicKey {
        PublicKey::from_pem(key.public_key_pem()).expect("a key")
    }

    /// The headers of a request that the first key signs. The signature is as `Names::request_head` writes it.
    fn headers() -> Vec<(&'static str, String)> {
        let proof = prove(&KEYS[0], "peertube", "r2.example", "/inbox", DATE, BODY);
        let signature = format!(
            r#"keyId="https://r1.example/accounts/peertube",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="{}""#,
            proof.signature
        );
        vec![
            ("host", "r2.example".to_owned()),
            ("date", DATE.to_owned()),
            ("digest", format!("SHA-256={}", proof.digest)),
            ("signature", signature),
        ]
    }

    /// Checks a request with these headers.
    fn outcome(
        headers: &[(&str, String)],
        [method, target]: [&str; 2],
        body: &[u8],
        key: &KeyPair,
    ) -> Result<(), Refused> {
        let header =
            |name: &str| headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone());
        let request = Request { method, target, header: &header, body };
        Claim::of(&request)?.check(&request, &public(key))
    }

    fn changed(name: &str, change: impl Fn(&str) -> Option<String>) -> Result<(), Refused> {
        let keep = |(own, value): (&'static str, String)| {
            let value = if own == name { change(&value)? } else { value };
            Some((own, value))
        };
        let headers: Vec<_> = headers().into_iter().filter_map(keep).collect();
        outcome(&headers, ["POST", "/inbox"], BODY, &KEYS[0])
    }

    #[test]
    fn a_request_is_accepted_only_as_it_was_signed() {
        let (post, own) = (["POST", "/inbox"], &KEYS[0]);
        assert_eq!(outcome(&headers(), post, BODY, own), Ok(()));
        assert_eq!(outcome(&headers(), post, b"{}", own), Err(Refused::DigestDiffers));
        assert_eq!(outcome(&headers(), post, BODY, &KEYS[1]), Err(Refused::WrongSignature));
        for target in [["PUT", "/inbox"], ["POST", "/outbox"]] {
            assert_eq!(outcome(&headers(), target, BODY, own), Err(Refused::WrongSignature));
        }
        let another = |text: &str| Some(text.replace("r2.example", "r3.example").replace("2026", "2027"));
        for name in ["host", "date"] {
            assert_eq!(changed(name, another), Err(Refused::WrongSignature), "{name}");
        }
        let digest = STANDARD.encode(Sha256::digest(b"{}"));
        let headers: Vec<_> = headers()
            .into_iter()
            .map(|(name, value)| (name, if name == "digest" { format!("SHA-256={digest}") } else { value }))
            .collect();
        assert_eq!(outcome(&headers, post, b"{}", own), Err(Refused::WrongSignature));
    }

    /// A GET as it is sent: the lines that its head names are signed, and nothing else.
    #[test]
    fn a_get_is_signed_as_its_head_says() {
        let target = "/videos/watch/a/likes";
        let signature = prove_get(&KEYS[0], "r2.example", target, DATE);
        let list = r#"keyId="https://r1.example/accounts/peertube",algorithm="rsa-sha256",headers="(request-target) host date","#;
        assert_eq!(
            Claim::read(&format!("{list}signature=\"{signature}\"")),
            Err(Refused::NotSigned("digest"))
        );
        let headers = ["(request-target)", "host", "date"].map(str::to_owned).to_vec();
        let claim = Claim { key_id: String::new(), headers, signature: signature.clone() };
        let header = |name: &str| Some(if name == "host" { "r2.example" } else { DATE }.to_owned());
        let lines =
            |method, target| claim.signed_lines(&Request { method, target, header: &header, body: b"" });
        let holds = |lines: Result<String, Refused>, key| {
            public(key).verifies(lines.expect("all are there").as_bytes(), &signature)
        };
        assert!(holds(lines("GET", target), &KEYS[0]));
        assert!(!holds(lines("GET", target), &KEYS[1]));
        assert!(!holds(lines("POST", target), &KEYS[0]));
        assert!(!holds(lines("GET", "/videos/watch/a/dislikes"), &KEYS[0]));
    }

    #[test]
    fn what_is_missing_is_named() {
        for name in ["host", "date", "digest", "signature"] {
            assert_eq!(changed(name, |_| None), Err(Refused::MissingHeader(name.to_owned())));
        }
        for name in SIGNED {
            let without = |text: &str| {
                let list = SIGNED.into_iter().filter(|own| *own != name).collect::<Vec<_>>().join(" ");
                Some(text.replace("(request-target) host date digest", &list))
            };
            assert_eq!(changed("signature", without), Err(Refused::NotSigned(name)));
        }
        let without_list = |text: &str| Some(text.replace("headers=", "other="));
        assert_eq!(changed("signature", without_list), Err(Refused::NotSigned("(request-target)")));
    }

    #[test]
    fn what_other_servers_write_is_read() {
        let change = |from: &'static str, to: &'static str| {
            changed("signature", move |text| Some(text.replace(from, to)))
        };
        assert_eq!(change("rsa-sha256", "hs2019"), Ok(()));
        assert_eq!(change(r#"algorithm="rsa-sha256","#, ""), Ok(()));
        assert_eq!(change(",", ", "), Ok(()));
        assert_eq!(change("algorithm", "created=1767225600,algorithm"), Ok(()));
        assert_eq!(change("rsa-sha256", "hmac-sha256"), Err(Refused::Algorithm));
        assert_eq!(
            changed("digest", |text| Some(format!("sha-512=AAAA, {}", text.replace("SHA", "sha")))),
            Err(Refused::WrongSignature)
        );
        let claim = Claim::read(
            r#"keyId="https://m.example/users/a#main-key",headers="host date (Request-Target) digest content-type",signature="AA==""#,
        )
        .expect("a claim");
        assert_eq!(
            [claim.key_id(), claim.actor()],
            ["https://m.example/users/a#main-key", "https://m.example/users/a"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for header in [
            "",
            "keyId",
            "keyId=",
            r#"keyId="a"#,
            r#"keyId="a""#,
            r#"keyId="a","#,
            r#"="a",signature="b""#,
            r#"keyId="a" signature="b""#,
            r#"keyId="a",keyId="a",signature="b""#,
            r#"keyId="a\"",signature="b""#,
            r#"keyId="ä",signature="b""#,
            r#"keyId="a",headers="",signature="b""#,
            r#"keyId="a",headers="date  host",signature="b""#,
            r#"keyId="a",headers="(request-target) host date digest date",signature="b""#,
            &format!(r#"keyId="{}",signature="b""#, "a".repeat(5_000)),
            &format!(r#"keyId="a",headers="{}",signature="b""#, "x y ".repeat(100)),
        ] {
            let refused = Claim::read(header).expect_err(header);
            assert!(matches!(refused, Refused::Malformed("signature", _)), "{header}: {refused}");
        }
        for digest in ["", "SHA-512=AAAA", "SHA-256"] {
            assert_eq!(
                changed("digest", |_| Some(digest.to_owned())),
                Err(Refused::Malformed("digest", "holds no SHA-256"))
            );
        }
        assert_eq!(changed("digest", |_| Some("SHA-256=".to_owned())), Err(Refused::DigestDiffers));
    }

    #[test]
    fn requests_of_real_servers_are_accepted() {
        let messages: Vec<Value> = serde_json::from_str(MESSAGES).expect("JSON");
        let keys: Value = serde_json::from_str(PUBLIC_KEYS).expect("JSON");
        for message in &messages {
            let head = message["requestHeaders"].as_str().expect("a head");
            let body = message["body"].to_string();
            let header = |name: &str| {
                let is_it =
                    |line: &&str| line.split(": ").next().is_some_and(|own| own.eq_ignore_ascii_case(name));
                head.lines().find(is_it)?.split_once(": ").map(|(_, value)| value.to_owned())
            };
            let request =
                Request { method: "POST", target: "/inbox", header: &header, body: body.as_bytes() };
            let claim = Claim::of(&request).expect("a claim");
            let pem = keys["keys"][claim.actor()].as_str().expect("a known key");
            assert_eq!(claim.check(&request, &PublicKey::from_pem(pem).expect("a key")), Ok(()));
            assert_eq!(claim.check(&request, &public(&KEYS[0])), Err(Refused::WrongSignature));
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(text in ".{0,200}", at in 0usize..600, byte in any::<char>()) {
            let _ = Claim::read(&text);
            let mut signature = headers().pop().expect("a signature").1;
            let at = at.min(signature.len());
            signature.insert(at, byte);
            let _ = Claim::read(&signature);
        }
    }
}
