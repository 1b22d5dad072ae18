//! Batches: no release sends one, so they are held to the Views that they are made of, and to a text that was written by hand.

use super::*;

/// The names of two videos at the origin, the second with longer names.
fn two_videos() -> Names {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let videos = [0, 1].map(|id| VideoNames::numbered(VideoId(id), ORIGIN, LAB_VIDEO_ID_DIGITS + id));
    Names { videos: videos.to_vec(), ..names }
}

fn total(author: InstanceId, video: u32, count: u32, form: Form) -> Activity {
    Activity { video: VideoId(video), form, ..activity(author, Subject::Total, Some(count)) }
}

/// Its size is the length of its text, whatever it holds.
#[test]
fn the_size_of_a_batch_is_that_of_its_text() {
    let names = two_videos();
    let mut sizes = Sizes::new(&names, OtherBodies::default());
    for form in Form::ALL {
        for author in [ORIGIN, R2] {
            for items in [2, 3, 10, 11, 101] {
                let totals: Vec<Activity> =
                    (0..items).map(|item| total(author, item % 2, 7_u32.pow(item % 11), form)).collect();
                let signature = Signature::placeholder(names.iso_time(totals[0].built));
                let text = names.collection(&totals).signed(signature).json();
                assert_eq!(sizes.body_of_all(&totals), text.len() as u64, "{form:?} {items}");
            }
        }
    }
    let alone = total(R2, 0, 7, Form::V61);
    assert_eq!(sizes.body_of_all(&[alone]), sizes.body(&alone));
}

/// Around its items it has what each of them would have had: context and signature, and a few members.
#[test]
fn an_item_is_a_view_without_context_and_signature() {
    let names = two_videos();
    let totals = [total(R2, 0, 12, Form::V80), total(R2, 1, 345, Form::V80)];
    let signature = Signature::placeholder(names.iso_time(totals[0].built));
    let text = names.collection(&totals).signed(signature.clone()).json();
    let collection: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&collection["type"], &collection["totalItems"]),
        (&Value::from("Collection"), &Value::from(2))
    );
    for (item, total) in [0, 1].map(|item| (&collection["items"][item], &totals[item])) {
        let view = names.activity(total, total.form).signed(signature.clone()).json();
        let mut view: Value = serde_json::from_str(&view).expect("JSON");
        assert_eq!((&view["@context"], &view["actor"]), (&collection["@context"], &collection["actor"]));
        assert_eq!(view["signature"], collection["signature"]);
        let members = view.as_object_mut().expect("an object");
        members.retain(|name, _| name != "@context" && name != "signature");
        assert_eq!(&view, item);
    }
    let around = format!(
        r#"{{"@context":{},"id":"{}","type":"Collection","actor":"{}/accounts/peertube","totalItems":2,"items":["#,
        collection["@context"],
        collection["id"].as_str().expect("a text"),
        names.host(R2).url,
    );
    assert!(text.starts_with(&around), "{text}");
}
