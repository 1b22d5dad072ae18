//! What is written is read, and what is not of the shape is refused.

use super::*;

/// Whoever signs the canonical text signs the addressees of both members.
#[test]
fn addressees_are_in_the_canonical_text() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let total = Activity { form: Form::V80, ..activity(ORIGIN, Subject::Total, Some(5)) };
    let text = names.activity(&total, Form::V80).canonical();
    let (streams, host) = ("https://www.w3.org/ns/activitystreams#", "http://127.0.0.1:9011");
    for (member, url) in [
        ("to", format!("{streams}Public")),
        ("to", format!("{host}/video-channels/root_channel")),
        ("cc", format!("{host}/accounts/root/followers")),
    ] {
        let line = format!(" <{streams}{member}> <{url}> .\n");
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert_eq!(text.matches("#to> ").count() + text.matches("#cc> ").count(), 3);
}

#[test]
fn what_is_written_is_read() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    for activity in all_kinds() {
        let document = signed(&names, &activity);
        let json = document.json();
        assert_eq!(Document::read(json.as_bytes()).as_ref(), Ok(&document));
        let read = names.read(&document).expect("of ours");
        let about = match activity.subject {
            Subject::Viewer(..) => About::Viewer,
            Subject::Total => About::Total,
            Subject::Plain(_) => About::Plain,
            Subject::ViewCount => About::ViewCount,
            Subject::Update => About::Update,
            Subject::WatchAction(_) => About::WatchAction,
            Subject::Background(_) => About::Background,
            Subject::Get(..) => continue,
        };
        let Activity { author, video, expires, result, views, form, .. } = activity;
        let ident = names.ident(&activity, form);
        // bodies of these forms differ in what origins broadcast, or not at all
        let form = match form {
            Form::V71 => Form::V61,
            Form::V80 if author != ORIGIN => Form::V61,
            told => told,
        };
        assert_eq!(read, Read { author, video, about, ident, expires, result, views, form });
    }
}

#[test]
fn bodies_of_real_servers_are_read() {
    let messages: Vec<Value> = serde_json::from_str(MESSAGES).expect("JSON");
    for message in &messages {
        let json = message["body"].to_string();
        let document = Document::read(json.as_bytes()).expect("a document");
        assert_eq!(document.json(), json);
        let first_port = if message["protocol"] == "peertube-6.3-v1" { 9_021 } else { 9_011 };
        let mut names = names_at(first_port, LAB_SESSION_ID_LENGTH);
        assert_eq!(names.read(&document), Err("`object` is no video known here".to_owned()));
        let uuid = text(&message["body"]["object"]).rsplit_once('/').expect("a URL").1;
        names.videos[0].uuid = uuid.to_owned();
        let read = names.read(&document).expect("of these servers");
        let about = match subject_of(&message["kind"]) {
            Subject::Total => About::Total,
            Subject::Plain(_) => About::Plain,
            _ => About::Viewer,
        };
        assert_eq!(read.about, about);
        assert_eq!(read.result, message["body"]["result"]["userInteractionCount"].as_u64().map(|n| n as u32));
    }
}

/// The bodies of a viewer of R2 with a count, and of an `Update` of the origin.
fn a_view_and_an_update() -> (String, String) {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let update = Activity { expires: None, ..activity(ORIGIN, Subject::Update, None) };
    (signed(&names, &activity(R2, VIEWER, Some(1))).json(), signed(&names, &update).json())
}

#[test]
fn what_is_not_of_the_shape_is_refused_with_a_sentence() {
    let (view, update) = a_view_and_an_update();
    let shape = [
        (&view, r#""type":"View""#, r#""type":"Like""#, "unknown variant `Like`"),
        (&view, r#""cc":[]"#, r#""cc":["a/b"]"#, "`cc` holds no URL"),
        (&view, r#""cc":[]"#, &format!(r#""cc":[{}"a"]"#, r#""http://a/b","#.repeat(16)), "addressees"),
        (&view, r#""cc":[],"#, "", "missing field `cc`"),
        (&view, r#""cc":[]"#, r#""cc":[],"bcc":[]"#, "unknown field `bcc`"),
        (&view, r#""cc":[]"#, r#""cc":[],"cc":[]"#, "duplicate field `cc`"),
        (&view, "joinpeertube.org", "example.org", "a `@context` other than those of PeerTube's Views"),
        (
            &view,
            "http://127.0.0.1:9012/accounts/peertube/views",
            "ftp://a/views",
            "`id` holds no URL of http or https",
        ),
        (&view, r#""actor":"http://"#, r#""actor":"http://<""#, "expected `,` or `}`"),
        (&view, "/accounts/root\"", "/accounts/ro ot\"", "`to` holds no URL"),
        (&view, "2026-01-01T01:04:03.004Z", "tomorrow", "`expires` is not a time in UTC with milliseconds"),
        (&view, r#""created":"2026"#, r#""created":"26"#, "`created` of the signature is not a time"),
        (
            &view,
            r#""creator":"http://127.0.0.1:9012"#,
            r#""creator":"http://127.0.0.1:9013"#,
            "is not the actor",
        ),
        (&view, r#"Count":1"#, r#"Count":-1"#, "invalid value"),
        (
            &view,
            r#""signatureValue":""#,
            &format!(r#""signatureValue":"{}"#, "A".repeat(400)),
            "more than 684",
        ),
        (&view, r#""expires""#, r#""content":"a","expires""#, "an activity `View` with `content`"),
        (&update, r#""type":"Update""#, r#""type":"Create","views":3"#, "an activity `Create` with `views`"),
        (&update, r#""content""#, r#""views":-3,"content""#, "invalid value"),
        (
            &update,
            r#""content""#,
            r#""expires":"2026-01-01T01:04:03.004Z","content""#,
            "with `expires` or `result`",
        ),
        (&update, r#""type":"Update""#, r#""type":"View""#, "an activity `View` with `content`"),
        (&update, "This stands", r"\u0000", "a control character"),
    ];
    for (json, from, to, expected) in shape {
        assert!(json.contains(from), "{from}");
        let error = Document::read(json.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn what_is_no_activity_is_refused_with_a_sentence() {
    for (body, expected) in [
        (&b""[..], "not an activity of ours"),
        (b"[]", "not an activity of ours"),
        (b"\xff", "not an activity of ours"),
        (&b"[".repeat(60_000), "not an activity of ours"),
        (&b" ".repeat(70_000), "a body of 70000 bytes; at most 65536 are read"),
    ] {
        let error = Document::read(body).expect_err("not of the shape");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_is_of_nobody_here_is_refused_with_a_sentence() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let (view, update) = a_view_and_an_update();
    let ours = [
        (&view, "/videos/watch/b", "/videos/watch/c", "`object` is no video known here"),
        (&view, "9012/accounts/peertube", "9019/accounts/peertube", "`actor` is not known here"),
        (&view, "/views/videos/1/", "/views/videos/one/", "`id` is not of the form"),
        (&view, "/views/videos/1/", "/views/videos/1//", "`id` is not of the form"),
        (&view, "/views/videos/1/", "/updates/videos/1/", "`id` is not of the form"),
        (
            &view,
            "2026-01-01T01:04:03.004Z",
            "2025-01-01T01:04:03.004Z",
            "`expires` is no time, or before the run",
        ),
        (
            &view,
            "2026-01-01T01:04:03.004Z",
            "2026-02-30T01:04:03.004Z",
            "`expires` is no time, or before the run",
        ),
        (&update, "9011/accounts/root", "9012/accounts/root", "`actor` is not known here"),
    ];
    for (json, from, to, expected) in ours {
        assert!(json.contains(from), "{from}");
        let document = Document::read(json.replace(from, to).as_bytes()).expect(to);
        let error = names.read(&document).expect_err(to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

/// What every author signs, here in full for one View; `scripts/interop` holds all kinds against npm's jsonld.
#[test]
fn the_canonical_text_is_that_of_rdf() {
    let names = names_at(9_011, SESSION_ID_LENGTH_MIN);
    let document = names.activity(&activity(R2, VIEWER, Some(1)), Form::V61);
    let id = "<http://127.0.0.1:9012/accounts/peertube/views/videos/1/0000000000007-b18a02f4-6d8d-46c3-9515-9b73432a2795>";
    let activity_streams = "https://www.w3.org/ns/activitystreams#";
    let expected = format!(
        "{id} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{activity_streams}View> .\n\
         {id} <https://w3id.org/security#expiration> \"2026-01-01T01:04:03.004Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n\
         {id} <{activity_streams}actor> <http://127.0.0.1:9012/accounts/peertube> .\n\
         {id} <{activity_streams}object> <http://127.0.0.1:9011/videos/watch/b18a02f4-6d8d-46c3-9515-9b73432a2795> .\n\
         {id} <{activity_streams}result> _:c14n0 .\n\
         {id} <{activity_streams}to> <http://127.0.0.1:9011/accounts/root> .\n\
         _:c14n0 <http://schema.org/interactionType> \"WatchAction\" .\n\
         _:c14n0 <http://schema.org/userInteractionCount> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n\
         _:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://schema.org/InteractionCounter> .\n"
    );
    assert_eq!(document.canonical(), expected);
    assert_eq!(
        document.clone().signed(Signature::placeholder(names.iso_time(Time::ZERO))).canonical(),
        expected
    );
}

proptest! {
    #[test]
    fn no_body_makes_reading_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Document::read(&body).is_err());
    }

    #[test]
    fn a_mutated_body_is_read_or_refused(
        kind in 0usize..26,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..40, "\\PC{0,8}"), 1..4),
    ) {
        let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
        let mut json: Vec<char> = signed(&names, &all_kinds()[kind]).json().chars().collect();
        for (at, length, text) in cuts {
            let at = at.index(json.len());
            let end = (at + length).min(json.len());
            json.splice(at..end, text.chars());
        }
        let json: String = json.into_iter().collect();
        if let Ok(document) = Document::read(json.as_bytes()) {
            prop_assert_eq!(Document::read(document.json().as_bytes()), Ok(document.clone()));
            prop_assert!(document.canonical().lines().all(|line| line.ends_with(" .")));
            let _ = names.read(&document);
        }
    }
}
