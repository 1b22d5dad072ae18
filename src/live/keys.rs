//! RSA keys: made, read and written as PEM, used with PKCS #1 v1.5 and SHA-256. All ActivityPub servers have this algorithm.
//!
//! Sources: RFC 8017 (RSA), RFC 5280 (SubjectPublicKeyInfo), RFC 7468 (PEM).
//!
//! Not here: what is signed (`http_signature`, `ld_signature`), and whose key it is.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKey as RsaPublicKey};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use thiserror::Error;

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// A longer PEM is refused. That of an RSA-4096 key has 800 bytes.
const PEM_BYTES_MAX: usize = 4_096;

/// The accepted sizes of keys in bytes of the modulus: RSA-2048 to RSA-4096.
const MODULUS_BYTES: RangeInclusive<usize> = 256..=512;

/// The length of the longest signature: RSA-4096 in base64.
const SIGNATURE_CHARACTERS_MAX: usize = 684;

/// A private key of RSA-2048 with its public key. Clones share it.
#[derive(Clone)]
pub struct KeyPair {
    key: Arc<aws_lc_rs::rsa::KeyPair>,
    pem: Arc<str>,
}

/// A public key of RSA-2048 to RSA-4096.
#[derive(Clone)]
pub struct PublicKey {
    key: ParsedPublicKey,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The system gave no random numbers, or no memory.
    #[error("no key could be made")]
    NotMade,
    /// The text is not the PEM of a public key.
    #[error("the key is no PEM that begins with {}", PEM_BEGIN)]
    NoPem,
    /// The PEM holds another key than RSA.
    #[error("the PEM holds no RSA key")]
    NoRsaKey,
    /// The key is smaller than RSA-2048 or larger than RSA-4096. Its size in bits.
    #[error("a key of {0} bits; 2048 to 4096 are accepted")]
    Size(usize),
}

impl KeyPair {
    /// Makes a key, which takes some 10 ms.
    ///
    /// # Errors
    /// `NotMade`.
    pub fn generate() -> Result<KeyPair, KeyError> {
        let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::NotMade)?;
        let der = key.public_key().as_der().map_err(|_| KeyError::NotMade)?;
        Ok(KeyPair { pem: pem(der.as_ref()).into(), key: Arc::new(key) })
    }

    /// The signature of a message in base64: 344 characters, always the same for the same message.
    pub fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a key signs a message of any length");
        STANDARD.encode(signature)
    }

    /// The public key, as an actor document has it.
    pub fn public_key_pem(&self) -> &str {
        &self.pem
    }
}

impl PublicKey {
    /// Reads the PEM of an actor document.
    ///
    /// # Errors
    /// `NoPem`, `NoRsaKey` or `Size`.
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyError> {
        let text = Some(pem.trim()).filter(|text| text.len() <= PEM_BYTES_MAX).ok_or(KeyError::NoPem)?;
        let lines = text.strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let digits: String = lines.ok_or(KeyError::NoPem)?.split_ascii_whitespace().collect();
        let der = STANDARD.decode(digits).map_err(|_| KeyError::NoPem)?;
        let bytes = RsaPublicKey::from_der(&der).map_err(|_| KeyError::NoRsaKey)?.modulus_len();
        if !MODULUS_BYTES.contains(&bytes) {
            return Err(KeyError::Size(bytes * 8));
        }
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::NoRsaKey)?;
        Ok(PublicKey { key })
    }

    /// The key as DER, which is the same wherever the key is found.
    pub fn der(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// Whether this key made this signature of the message.
    pub fn verifies(&self, message: &[u8], signature_base64: &str) -> bool {
        signature_base64.len() <= SIGNATURE_CHARACTERS_MAX
            && STANDARD
                .decode(signature_base64)
                .is_ok_and(|signature| self.key.verify_sig(message, &signature).is_ok())
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair(the private half is not shown, {})", self.pem)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", pem(self.key.as_ref()))
    }
}

/// A SubjectPublicKeyInfo in lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let digits = STANDARD.encode(der);
    let mut text = format!("{PEM_BEGIN}\n");
    for line in digits.as_bytes().chunks(64) {
        text.extend(line.iter().map(|&byte| char::from(byte)));
        text.push('\n');
    }
    text + PEM_END + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_shared<T: Clone + Send + Sync + 'static>() {}

    #[test]
    fn a_signature_holds_for_its_key_and_message_only() {
        is_shared::<(KeyPair, PublicKey)>();
        let [own, other] = [(); 2].map(|()| KeyPair::generate().expect("a key"));
        let [own_public, other_public] =
            [&own, &other].map(|key| PublicKey::from_pem(key.public_key_pem()).expect("a key"));
        let signature = own.sign(b"a message");
        assert_eq!(signature.len(), 344);
        assert_eq!(signature, own.sign(b"a message"));
        assert!(own_public.verifies(b"a message", &signature));
        assert!(!own_public.verifies(b"another message", &signature));
        assert!(!other_public.verifies(b"a message", &signature));
        for broken in ["", "A", "*", &signature[1..], &"A".repeat(344), &"A".repeat(1_000_000)] {
            assert!(!own_public.verifies(b"a message", broken));
        }
    }

    #[test]
    fn a_public_key_is_read_as_written() {
        let key = KeyPair::generate().expect("a key");
        let text = key.public_key_pem();
        assert!(text.starts_with("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"));
        assert!(text.ends_with("\n-----END PUBLIC KEY-----\n"));
        assert!(text.lines().all(|line| line.len() <= 64));
        let read = PublicKey::from_pem(&text.replace('\n', "\r\n")).expect("a key");
        assert_eq!(pem(read.key.as_ref()), text);
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        // RSA-1024 and an Ed25519 key, made for this test
        let small = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDspYjMJyRrAPjmUMQihhZqs1pAXXlr375LvYhiJ7Z7mSO3AdJx\
                     0TLeqwEp1v9sWKjQJ4GTSUwLRFO/WfS7MjvYepRwoeYiFJmcB9bxTWt3AgKAA6T9e8pBELjfLSWTV96Wl1V+iapY\
                     V/re+MNUAYLpU6ytM1rJBoPSFWF44tS+7wIDAQAB";
        let ed25519 = "MCowBQYDK2VwAyEAnsZ2T0snLh5Ab4WXwu05cJz4sU9JjqF3SzGp7xb0UbU=";
        let wrapped = |der: &str| format!("{PEM_BEGIN}\n{der}\n{PEM_END}\n");
        let error = |text: &str| PublicKey::from_pem(text).expect_err("no key");
        for text in ["", "-----BEGIN", PEM_BEGIN, &wrapped("*"), &wrapped(&"A".repeat(5_000))] {
            assert_eq!(error(text), KeyError::NoPem, "{text}");
        }
        for text in [wrapped(""), wrapped("AAAA"), wrapped(ed25519)] {
            assert_eq!(error(&text), KeyError::NoRsaKey, "{text}");
        }
        assert_eq!(error(&wrapped(small)), KeyError::Size(1_024));
        assert_eq!(KeyError::Size(1_024).to_string(), "a key of 1024 bits; 2048 to 4096 are accepted");
    }
}
