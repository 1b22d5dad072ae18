//! Host names, by which lists call instances.
//!
//! A host is lower-case and has labels of a-z, 0-9 and `-` with dots between: a name that is safe in paths, pages and tables.

use crate::scenario::problem::shown;

/// A host in its one spelling; or what is wrong with it.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let host = text.to_ascii_lowercase();
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        let is_long = !(1..=63).contains(&label.len());
        !is_long && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.is_empty() {
        Err("is empty; each row needs a host".to_owned())
    } else if !host.is_ascii() {
        Err(format!("{} is not ASCII; write an international name as on the wire, `xn--...`", shown(text)))
    } else if host.len() > 253 || !host.split('.').all(is_label) {
        let rule = "labels of a-z, 0-9 and `-`, up to 63 each and 253 in all, with dots between";
        Err(format!("{} is not a host: {rule}", shown(text)))
    } else {
        Ok(host)
    }
}
