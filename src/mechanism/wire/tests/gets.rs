//! The heads of GETs against what real servers sent.

use super::*;
use crate::mechanism::activity::FetchReason;

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
    let heads = [0, 1, 2].map(|part| head(FetchReason::AfterUpdate, part));
    for (head, part) in heads.iter().zip(["/chapters", "/likes", "/dislikes"]) {
        assert!(
            head.lines().next().is_some_and(|line| line.ends_with(&format!("{part} HTTP/1.1"))),
            "{head}"
        );
    }
    assert_eq!(heads.iter().map(String::len).sum::<usize>(), 2_325);
    let preview = head(FetchReason::Preview, 7);
    assert!(!preview.contains("signature") && preview.len() < heads[0].len(), "{preview}");
}

/// First contact asks for an actor of the receiver and for what belongs to the video; the sizes that are looked up are those of the texts
/// whatever the lengths of the names in the paths.
#[test]
fn first_contact_asks_for_paths_of_the_receiver_and_the_video() {
    let mut names = names_at(9_011, LAB_SESSION_ID_LENGTH);
    let lines = |names: &Names, asked: FetchReason| -> Vec<String> {
        let mut sizes = Sizes::new(names, OtherBodies::default());
        let head = |part| {
            let stamp = Stamp { session: SessionId(part), number: 1 };
            let get = Activity { stamp, ..activity(R2, Subject::Get(asked, 775), None) };
            let Proof { signature, .. } = Proof::placeholder("");
            let text = names.get_head(Form::V80, &get, ORIGIN, Time::ZERO, &signature, Persistence::Closed);
            assert_eq!(sizes.get_head(Form::V80, ORIGIN, &get), text.len() as u64);
            assert!(text.contains("signature"));
            text.lines().next().expect("a head has lines").to_owned()
        };
        (0..asked.resources().len() as u32).map(head).collect()
    };
    let get = |paths: &[String]| -> Vec<String> {
        paths.iter().map(|path| format!("GET {path} HTTP/1.1")).collect()
    };
    let of_actor =
        ["", "/followers", "/following", "/playlists"].map(|part| format!("/accounts/peertube{part}"));
    assert_eq!(lines(&names, FetchReason::Actor), get(&of_actor));
    for (account, channel) in [("root", "root_channel"), ("nobody", "of_nobody_at_all")] {
        (names.videos[0].account, names.videos[0].channel) = (account.to_owned(), channel.to_owned());
        let video = format!("/videos/watch/{}", names.videos[0].uuid);
        let channel = format!("/video-channels/{channel}");
        let collections = ["chapters", "likes", "dislikes", "announces", "comments"];
        let of_video = [
            vec![video.clone(), channel.clone(), channel.clone(), format!("/accounts/{account}")],
            vec![format!("{channel}/followers"), format!("{channel}/following")],
            collections.map(|part| format!("{video}/{part}")).to_vec(),
        ];
        assert_eq!(lines(&names, FetchReason::Video), get(&of_video.concat()));
    }
}
