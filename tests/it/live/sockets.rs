//! An HTTP client that may misbehave, free ports, and the program as several servers.

use crate::program::{Answer, Place};
use fedisim::foundation::units::Time;
use fedisim::mechanism::wire::{Names, SESSION_ID_LENGTH, VERSION};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// The time-out of reads and writes.
const PATIENCE: Duration = Duration::from_secs(8);

/// An answer of a server.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Reply {
    fn of(bytes: &[u8]) -> Reply {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// The first of `count` free ports in a row, below the range of ephemeral ports.
pub(super) fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 10_000;
    const PORTS: u32 = 20_000;
    for _ in 0..1_000 {
        let next = NEXT.fetch_add(u32::from(count), Ordering::Relaxed);
        let first = (FIRST + (id().wrapping_mul(97) + next) % PORTS) as u16;
        let bound: io::Result<Vec<_>> =
            (first..first + count).map(|port| TcpListener::bind(("127.0.0.1", port))).collect();
        if bound.is_ok() {
            return first;
        }
    }
    panic!("no {count} ports in a row are free");
}

pub(super) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends bytes and reads until the connection ends.
fn exchange(port: u16, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect(port)?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

/// Sends a request with these headers.
pub(super) fn ask(port: u16, first: &str, headers: &[(String, String)], body: &str) -> Reply {
    let mut text = format!("{first} HTTP/1.1\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let _ = write!(text, "\r\n{body}");
    let answer = exchange(port, text.as_bytes());
    Reply::of(&answer.unwrap_or_else(|error| panic!("{first} at {port}: {error}")))
}

/// The headers that every request needs.
pub(super) fn plain_headers(port: u16, body: &str) -> Vec<(String, String)> {
    let headers = [
        ("host", format!("127.0.0.1:{port}")),
        ("connection", "close".to_owned()),
        ("content-length", body.len().to_string()),
    ];
    headers.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

pub(super) fn get(port: u16, target: &str) -> Reply {
    ask(port, &format!("GET {target}"), &plain_headers(port, ""), "")
}

pub(super) fn post(port: u16, target: &str, body: &str) -> Reply {
    ask(port, &format!("POST {target}"), &plain_headers(port, body), body)
}

/// The `date` of the server at a port, which is the time of the run.
pub(super) fn date_at(port: u16) -> String {
    let head = get(port, "/nodeinfo/2.0.json").head;
    let date = head.lines().find_map(|line| line.strip_prefix("date: ")).expect("a date");
    // heads are read in lower case
    let capitals = |word: &str| word[..1].to_uppercase() + &word[1..];
    let words: Vec<String> = date.trim_end_matches("gmt").split_whitespace().map(capitals).collect();
    format!("{} GMT", words.join(" "))
}

fn names(epoch_unix_ms: i64) -> Names {
    let version = VERSION.to_owned();
    let session_id_length = SESSION_ID_LENGTH;
    Names { instances: Vec::new(), videos: Vec::new(), session_id_length, version, epoch_unix_ms }
}

/// A date as Unix time.
pub(super) fn unix_ms(date: &str) -> i64 {
    names(0).read_http_date(date).expect("a date").ms() as i64
}

/// A date that is `by_s` later.
pub(super) fn moved(date: &str, by_s: i64) -> String {
    names(unix_ms(date) + by_s * 1_000).http_date(Time::ZERO)
}

/// Waits until `look` finds something.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(found) = look() {
            return found;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{what} never came");
}

/// The program as servers at consecutive ports.
pub(super) struct Servers {
    child: Option<Child>,
    pub(super) port: u16,
}

impl Servers {
    /// Starts it with `--port`, and waits until it answers.
    pub(super) fn start(place: &Place, count: u16, arguments: &[&str]) -> Servers {
        let port = free_ports(count);
        let at = port.to_string();
        let mut child = place.start(&[arguments, &["--port", &at]].concat());
        let request =
            format!("GET /nodeinfo/2.0.json HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
        for _ in 0..2_000 {
            if exchange(port, request.as_bytes()).is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200")) {
                return Servers { child: Some(child), port };
            }
            if child.try_wait().expect("it can be asked").is_some() {
                break;
            }
            sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        panic!("it does not serve: {:?}", child.wait_with_output());
    }

    /// `http://127.0.0.1:PORT` of one of them.
    pub(super) fn url(&self, number: u16) -> String {
        format!("http://127.0.0.1:{}", self.port + number)
    }

    pub(super) fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it lives");
        let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
        assert!(sent.expect("there is a `kill`").success());
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().expect("it can be asked").is_none())
    }

    /// Waits for its end.
    pub(super) fn end(mut self) -> Answer {
        Answer::of(self.child.take().expect("it lives").wait_with_output().expect("it ends"))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
