//! The heads of GETs against what real servers sent.

use super::*;
use crate::mechanism::activity::Asked;

/// Three real servers of 6.3.0 made these GETs after an `Update`: 2,325 bytes of heads in all.
#[test]
fn the_gets_after_an_update_have_the_bytes_of_real_ones() {
    let names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let mut sizes = Sizes::new(&names, OtherBodies::default());
    let mut head = |asked, part| {
        let stamp = Stamp { session: SessionId(part), number: 1 };
        let get = Activity { stamp, ..activity(R2, Subject::Get(asked, 775), None) };
        let Proof { signature, .. } = Proof::placeholder("");
        let text = names.get_head(Form::V61, &get, ORIGIN, Time::ZERO, &signature, Persistence::Closed);
        assert_eq!(sizes.get_head(Form::V61, ORIGIN, &get), text.len() as u64);
        text
    };
    let heads = [0, 1, 2].map(|part| head(Asked::AfterUpdate, part));
    for (head, part) in heads.iter().zip(["/chapters", "/likes", "/dislikes"]) {
        assert!(
            head.lines().next().is_some_and(|line| line.ends_with(&format!("{part} HTTP/1.1"))),
            "{head}"
        );
    }
    assert_eq!(heads.iter().map(String::len).sum::<usize>(), 2_325);
    let preview = head(Asked::Preview, 7);
    assert!(!preview.contains("signature") && preview.len() < heads[0].len(), "{preview}");
}
