//! A capture: every signed activity that an inbox believed, with the keys that prove it, a JSON object a line. What others verify it
//! with is their business.

use super::http_signature::Claim;
use super::site::Site;
use crate::files::create_anew;
use crate::words::ids::InstanceId;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;

/// The file, and the first error in writing it.
pub struct Capture {
    file: Mutex<(BufWriter<File>, Option<io::Error>)>,
}

impl Capture {
    /// Creates the file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> io::Result<Capture> {
        Ok(Capture { file: Mutex::new((BufWriter::new(create_anew(path)?), None)) })
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
        let (file, failed) = &mut *self.file.lock().expect("nobody panics with it");
        if failed.is_none() {
            // whoever looks while servers live finds whole lines
            *failed = writeln!(file, "{line}").and_then(|()| file.flush()).err();
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// If anything could not be written.
    pub fn finish(&self) -> io::Result<()> {
        let (file, failed) = &mut *self.file.lock().expect("nobody panics with it");
        match failed.take() {
            Some(error) => Err(error),
            None => file.flush(),
        }
    }
}
