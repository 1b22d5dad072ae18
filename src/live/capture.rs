//! A capture: every signed activity that an inbox believed, with the keys that prove it, a JSON object a line. What others verify it
//! with is their business.

use super::http_signature::Claim;
use super::site::Site;
use crate::files::create_anew;
use crate::foundation::ids::InstanceId;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The file takes no more bytes: servers of others write some of it.
const BYTES_MAX: u64 = 1 << 30;

/// The file, and the first error in writing it.
pub struct Capture {
    file: Mutex<Written>,
}

struct Written {
    file: BufWriter<File>,
    bytes: u64,
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

    /// A request was taken.
    pub(super) fn note(
        &self,
        site: &Site,
        from: InstanceId,
        author: InstanceId,
        parts: &Parts,
        body: &Bytes,
    ) {
        let pem = |id: InstanceId| {
            site.servers.get(id.index()).map(|server| server.key.public_key_pem().to_owned())
        };
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
            "public_key_pem": pem(from),
            "author_public_key_pem": pem(author),
        });
        let line = format!("{line}\n");
        let written = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if written.bytes + line.len() as u64 > BYTES_MAX {
            site.refusals.count("captures_too_many", || format!("more than {BYTES_MAX} bytes"));
            return;
        }
        written.bytes += line.len() as u64;
        if written.failed.is_none() {
            // whoever looks while servers live finds whole lines
            let file = &mut written.file;
            written.failed = file.write_all(line.as_bytes()).and_then(|()| file.flush()).err();
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// If anything could not be written.
    pub fn finish(&self) -> io::Result<()> {
        let written = &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match written.failed.take() {
            Some(error) => Err(error),
            None => written.file.flush(),
        }
    }
}
