//! A heartbeat as a viewer's browser posts it to its own instance, and the answer.
//!
//! Source: a POST of the player's kind by Chromium 156 on Linux to a page's own server, measured line by line
//! (`tests/browser/heartbeat.test.mjs` holds this text to the browser at hand). The player's body is the position in whole seconds and a
//! session id (PeerTube's `POST /api/v1/videos/:id/views`); its page is `/w/` and a UUID of 22 characters. HTTP/1.1 on a kept
//! connection: a proxy that offers HTTP/2 spares most of a head after the first one. The answer is that of the API of real servers
//! (`response_head`). What tells when to come is `Retry-After` in it: HTTP's field for how long a client ought to wait before it asks again (RFC 9110,
//! 10.2.3), in whole seconds, which servers that limit rates send already and let pages read; no body is needed.

use super::head::{AnswerHead, Persistence};
use super::names::Names;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::Span;
use crate::mechanism::activity::Form;

/// The characters of a UUID in the address of a page.
const SHORT_UUID_LENGTH: usize = 22;
/// The position in the video, in seconds: three digits, as in most of a film.
const CURRENT_TIME_S: u32 = 100;

impl Names {
    /// The head and the body of a heartbeat of a viewer of a video at an instance, or of one by which its client says that it leaves: such a body
    /// has one member more, and the head is assumed to be the same. Both have one length for all videos.
    pub fn heartbeat(&self, at: InstanceId, video: VideoId, leaves: bool) -> (String, String) {
        let (host, uuid) = (self.host(at), &self.video(video).uuid);
        let session = "0".repeat(self.session_id_length);
        let event = if leaves { r#","viewEvent":"leave""# } else { "" };
        let body = format!(r#"{{"currentTime":{CURRENT_TIME_S},"sessionId":"{session}"{event}}}"#);
        let page = "0".repeat(SHORT_UUID_LENGTH);
        let head = [
            format!("POST /api/v1/videos/{uuid}/views HTTP/1.1"),
            format!("Host: {}", host.name()),
            "Connection: keep-alive".to_owned(),
            format!("Content-Length: {}", body.len()),
            r#"sec-ch-ua-platform: "Linux""#.to_owned(),
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
                .to_owned(),
            r#"sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156""#.to_owned(),
            "Content-type: application/json; charset=UTF-8".to_owned(),
            "sec-ch-ua-mobile: ?0".to_owned(),
            "Accept: */*".to_owned(),
            format!("Origin: {}", host.url),
            "Sec-Fetch-Site: same-origin".to_owned(),
            "Sec-Fetch-Mode: cors".to_owned(),
            "Sec-Fetch-Dest: empty".to_owned(),
            format!("Referer: {}/w/{page}", host.url),
            "Accept-Encoding: gzip, deflate, br, zstd".to_owned(),
            "Accept-Language: en-US,en;q=0.9".to_owned(),
            "\r\n".to_owned(),
        ]
        .join("\r\n");
        (head, body)
    }

    /// The answer of a server of that form to a heartbeat, which may tell how long to wait until the next one.
    pub fn heartbeat_answer(&self, form: Form, told: Option<Span>) -> String {
        let head = self.response_head(&AnswerHead::first(form, Persistence::Kept));
        match told {
            Some(told) => {
                let told_s = told.whole_secs();
                head.replacen("Date: ", &format!("Retry-After: {told_s}\r\nDate: "), 1)
            }
            None => head,
        }
    }
}
