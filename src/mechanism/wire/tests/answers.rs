//! Answers that carry a count: no server gives one yet, so they are held to what they are made of.

use super::*;
use crate::foundation::units::Span;
use crate::mechanism::activity::FetchReason;

/// An answer is the total without its signature, behind the head of every answer with the two lines that a body needs.
#[test]
fn an_answer_with_a_count_is_a_total_that_is_not_signed() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let mut sizes = Sizes::new(&names, OtherBodies::default());
    for form in Form::ALL {
        for count in [0, 9, 10, 4_321, u32::MAX] {
            let total = Activity { form, ..activity(ORIGIN, Subject::Total, Some(count)) };
            let body = names.activity(&total, form).json();
            let head = names.counted_response_head(&AnswerHead::first(form, Persistence::Closed), body.len());
            assert_eq!(sizes.counted_response(&total), (head.len() + body.len()) as u64);
            let creator = names.host(ORIGIN).actor().len() as u64;
            let signature = SIGNATURE_BYTES + creator;
            assert_eq!(sizes.body(&total), body.len() as u64 + signature, "{form:?} {count}");
            let lines =
                "Content-Type: application/activity+json; charset=utf-8\r\nContent-Length: 1234\r\n".len();
            let digits = if body.len() < 1_000 { 1 } else { 0 };
            let shorter = "204 No Content".len() - "200 OK".len() + digits;
            assert_eq!(head.len() + shorter, sizes.response_head(form) as usize + lines);
        }
    }
}

/// The member with its names, a date and the 344 characters of an RSA-2048 signature, without the creator's URL.
const SIGNATURE_BYTES: u64 =
    r#","signature":{"type":"RsaSignature2017","creator":"","created":"2026-01-01T00:00:00.000Z","signatureValue":""}"#
        .len() as u64
        + 344;

/// Who gets it reads it as a total of its author.
#[test]
fn it_reads_as_a_total() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let total = activity(ORIGIN, Subject::Total, Some(4_321));
    let text = names.activity(&total, Form::V61).json();
    let document = Document::read(text.as_bytes()).expect("a document");
    assert_eq!(document.signature(), None);
    let read = names.read(&document).expect("a total");
    assert_eq!((read.about, read.author, read.video), (About::Total, ORIGIN, VideoId(0)));
    assert_eq!((read.result, read.expires), (total.result, total.expires));
}

/// The answer to a GET for a count has two lines more, and no body if who asks knows that count; the GET is not signed.
#[test]
fn a_count_that_is_asked_for_has_a_tag() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let mut sizes = Sizes::new(&names, OtherBodies::default());
    let cache = Span::from_secs(10);
    for (form, count) in Form::ALL.into_iter().flat_map(|form| [0, 9, 4_321].map(|count| (form, count))) {
        let total = Activity { form, ..activity(ORIGIN, Subject::Total, Some(count)) };
        let body = names.activity(&total, form).json().len();
        let head = |body| {
            names.pulled_response_head(&AnswerHead::first(form, Persistence::Closed), body, (count, cache))
        };
        let [whole, same] = sizes.pulled_response(&total, cache);
        assert_eq!(
            [whole, same],
            [head(Some(body)).len() + body, head(None).len()].map(|bytes| bytes as u64)
        );
        let kept = format!("Cache-Control: max-age=10\r\nETag: \"{count}\"\r\n");
        assert_eq!(whole, sizes.counted_response(&total) + kept.len() as u64);
        assert!(head(None).starts_with("HTTP/1.1 304 Not Modified\r\n") && head(None).contains(&kept));
        assert!(same > sizes.response_head(form), "it is told from a 404");
        let get = Activity { form, ..activity(R2, Subject::Get(FetchReason::Count, 0), Some(count)) };
        let text = names.get_head(form, &get, ORIGIN, Time::ZERO, "none", Persistence::Closed);
        assert_eq!(sizes.get_head(form, ORIGIN, &get), text.len() as u64);
        assert!(text.contains(&format!("\r\nif-none-match: \"{count}\"\r\n")) && !text.contains("signature"));
        assert!(text.contains("/viewers HTTP/1.1"), "{text}");
    }
}
