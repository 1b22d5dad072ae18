//! The capture file: every signed activity that an inbox has accepted, with the public keys, one JSON object per line.

use super::http_signature::Claim;
use crate::files::create_anew;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The largest size of the file. Peers write some of its content.
pub(super) const BYTES_MAX: u64 = 1 << 30;

/// A capture file.
pub struct Capture {
    file: Mutex<Written>,
}

struct Written {
    file: BufWriter<File>,
    bytes: u64,
    /// The first error in writing.
    failed: Option<io::Error>,
}

impl Capture {
    /// Creates the file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Capture> {
        let file = BufWriter::new(create_anew(path)?);
        Ok(Capture { file: Mutex::new(Written { file, bytes: 0, failed: None }) })
    }

    /// Notes an accepted request, with the keys of its sender and of its author as PEM, where they are of own servers.
    /// False if the file has no room for it.
    pub(super) fn note(&self, parts: &Parts, body: &Bytes, [sender, author]: [Option<&str>; 2]) -> bool {
        let headers: Vec<Value> = parts
            .headers
            .iter()
            .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
            .collect();
        let line = json!({
            "method": parts.method.as_str(),
            "target": parts.uri.path(),
            "headers": headers,
            "body": String::from_utf8_lossy(body),
            "key_id": parts
                .headers
                .get("signature")
                .and_then(|header| Claim::read(header.to_str().ok()?).ok())
                .map(|claim| claim.key_id().to_owned()),
            "public_key_pem": sender,
            "author_public_key_pem": author,
        });
        let line = format!("{line}\n");
        let written = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = written.bytes + line.len() as u64 <= BYTES_MAX;
        if has_room {
            written.bytes += line.len() as u64;
            if written.failed.is_none() {
                // flushed, so that readers find whole lines while the run goes on
                let file = &mut written.file;
                written.failed = file.write_all(line.as_bytes()).and_then(|()| file.flush()).err();
            }
        }
        has_room
    }

    /// Flushes the file.
    ///
    /// # Errors
    /// The first error in writing.
    pub fn finish(&self) -> io::Result<()> {
        let written = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match written.failed.take() {
            Some(error) => Err(error),
            None => written.file.flush(),
        }
    }
}
