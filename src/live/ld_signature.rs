//! The signature of an activity by its author. It stays on the activity when that is forwarded.
//!
//! The signed text is SHA-256(signature options) followed by SHA-256(document without signature), both in hexadecimal
//! digits, both of the canonical text (`mechanism::wire::canonical`). The options are creator and time.
//!
//! Source: LD Signatures 1.0, suite RsaSignature2017, as PeerTube and Mastodon read it; PeerTube's own messages in
//! `tests/traces/real-servers`.
//!
//! Not here: whose key it is. The caller takes that of the document's actor.

use super::keys::{KeyPair, PublicKey};
use crate::mechanism::wire::{Document, Signature, canonical_options};
use sha2::{Digest, Sha256};

/// Signs a document with its actor's key. `created` is as `Names::iso_time` writes it.
pub fn sign(document: &Document, key: &KeyPair, created: String) -> Signature {
    let value = key.sign(signed_text(document, &created).as_bytes());
    Signature { created, value }
}

/// Whether the document has a signature, and this key made it.
pub fn verify(document: &Document, key: &PublicKey) -> bool {
    document.signature().is_some_and(|signature| {
        key.verifies(signed_text(document, &signature.created).as_bytes(), &signature.value)
    })
}

fn signed_text(document: &Document, created: &str) -> String {
    hex_hash(&canonical_options(document.actor(), created)) + &hex_hash(&document.canonical())
}

fn hex_hash(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const MESSAGES: &str = include_str!("../../tests/traces/real-servers/messages.json");
    const PUBLIC_KEYS: &str = include_str!("../../tests/traces/real-servers/public-keys.json");

    /// The keys are derived from signatures of requests, so this verifies the canonical text and the hashes.
    #[test]
    fn signatures_of_real_servers_hold() {
        let messages: Vec<Value> = serde_json::from_str(MESSAGES).expect("JSON");
        let keys: Value = serde_json::from_str(PUBLIC_KEYS).expect("JSON");
        let mut verified = 0;
        for message in &messages {
            let document = Document::read(message["body"].to_string().as_bytes()).expect("a document");
            let Some(pem) = keys["keys"][document.actor()].as_str() else { continue };
            assert!(verify(&document, &PublicKey::from_pem(pem).expect("a key")), "{}", document.id());
            verified += 1;
        }
        assert_eq!(verified, 6, "the key of one author is not known");
    }

    #[test]
    fn a_signature_holds_for_its_document_author_and_time_only() {
        let [own, other] = [(); 2].map(|()| KeyPair::generate().expect("a key"));
        let [own_public, other_public] =
            [&own, &other].map(|key| PublicKey::from_pem(key.public_key_pem()).expect("a key"));
        let messages: Vec<Value> = serde_json::from_str(MESSAGES).expect("JSON");
        for message in messages {
            let mut unsigned = message["body"].clone();
            unsigned.as_object_mut().expect("an object").remove("signature");
            let document = Document::read(unsigned.to_string().as_bytes()).expect("a document");
            assert!(!verify(&document, &own_public), "it is unsigned");
            let signature = sign(&document, &own, "2026-01-01T00:00:01.234Z".to_owned());
            let signed = document.signed(signature);
            assert_eq!(signed.json().len() as u64, message["bodyRawLength"]);
            assert!(verify(&signed, &own_public));
            assert!(!verify(&signed, &other_public));

            let json = signed.json();
            for (from, to) in [
                ("01.234Z", "01.235Z"),
                ("/views/videos/1/", "/views/videos/2/"),
                ("/accounts/root", "/accounts/toor"),
            ] {
                let changed = Document::read(json.replace(from, to).as_bytes()).expect("a document");
                assert_eq!(verify(&changed, &own_public), !json.contains(from), "{from}");
            }
        }
    }
}
