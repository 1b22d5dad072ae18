//! Writes a capture as `fedisim live --capture` does, of one message of every kind: what `scripts/interop` verifies if it
//! gets no capture. The recorded messages of real servers follow, with our canonical text of them, and with the keys of
//! their servers where those are known.

use fedisim::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use fedisim::foundation::units::Time;
use fedisim::live::http_signature::{Claim, prove};
use fedisim::live::keys::{KeyError, KeyPair};
use fedisim::live::ld_signature::sign;
use fedisim::mechanism::activity::{Activity, Form, Stamp, Subject};
use fedisim::mechanism::wire::{
    Document, EPOCH_UNIX_MS, Host, LAB_SESSION_ID_LENGTH, LAB_VIDEO_ID_DIGITS, Names, OtherBodies,
    Persistence, VERSION, VideoNames,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MESSAGES: &str = include_str!("../traces/real-servers/messages.json");
const PUBLIC_KEYS: &str = include_str!("../traces/real-servers/public-keys.json");
const ORIGIN: InstanceId = InstanceId(0);
const R2: InstanceId = InstanceId(1);
const R3: InstanceId = InstanceId(2);
const OTHER: OtherBodies = OtherBodies { update_bytes: 15_402, watch_action_bytes: 1_781 };

fn main() -> Result<(), KeyError> {
    let names = names();
    let keys = keys(&names)?;
    for (from, to, activity) in sendings() {
        println!("{}", captured(&names, &keys, from, to, &activity));
    }
    let messages: Vec<Value> = serde_json::from_str(MESSAGES).expect("the recording is JSON");
    let keys: Value = serde_json::from_str(PUBLIC_KEYS).expect("the keys are JSON");
    for message in messages {
        println!("{}", recorded(&message, &keys["keys"]));
    }
    Ok(())
}

fn names() -> Names {
    let instances = ["https://origin.example", "https://r2.example", "http://127.0.0.1:9013"];
    Names {
        instances: instances.map(Host::new).to_vec(),
        videos: vec![
            VideoNames::numbered(VideoId(0), ORIGIN, LAB_VIDEO_ID_DIGITS),
            VideoNames::numbered(VideoId(1), R2, LAB_VIDEO_ID_DIGITS),
        ],
        session_id_length: LAB_SESSION_ID_LENGTH,
        version: VERSION.to_owned(),
        epoch_unix_ms: EPOCH_UNIX_MS,
    }
}

/// A key for every account that signs: those of the servers and those that own videos.
fn keys(names: &Names) -> Result<BTreeMap<String, KeyPair>, KeyError> {
    let servers = names.instances.iter().map(Host::actor);
    let owners =
        names.videos.iter().map(|video| names.instances[video.origin.index()].account(&video.account));
    servers.chain(owners).map(|account| Ok((account, KeyPair::generate()?))).collect()
}

/// All kinds in all forms: from their authors, and forwarded by the origin of the video.
fn sendings() -> Vec<(InstanceId, InstanceId, Activity)> {
    let mut sendings = Vec::new();
    for form in Form::ALL {
        for (subject, result) in [
            (Subject::Viewer(ViewerId(7), 3), None),
            (Subject::Viewer(ViewerId(7), 3), Some(1)),
            (Subject::Total, Some(0)),
            (Subject::Total, Some(u32::MAX)),
            (Subject::Plain(ViewerId(7)), None),
            (Subject::WatchAction(ViewerId(7)), None),
            (Subject::Background(1_500), None),
            (Subject::Update, None),
        ] {
            let of = |author| activity(author, subject, result, form);
            sendings.push((ORIGIN, R3, of(ORIGIN)));
            if subject != Subject::Update {
                sendings.push((R3, ORIGIN, of(R3)));
                sendings.push((ORIGIN, R2, of(R3)));
            }
        }
    }
    sendings
}

fn activity(author: InstanceId, subject: Subject, result: Option<u32>, form: Form) -> Activity {
    let expires = matches!(subject, Subject::Viewer(..) | Subject::Total).then_some(Time::from_ms(120_004));
    let stamp = Stamp { session: SessionId(3), number: 18 };
    let built = Time::from_ms(4);
    Activity { video: VideoId(0), author, subject, result, views: None, built, expires, stamp, form }
}

/// The request by which `from` posts the activity, as its receiver captures it.
fn captured(
    names: &Names,
    keys: &BTreeMap<String, KeyPair>,
    from: InstanceId,
    to: InstanceId,
    activity: &Activity,
) -> Value {
    let document = names.document(activity, &OTHER).expect("bodies are large enough");
    let author_key = &keys[document.actor()];
    let signature = sign(&document, author_key, names.iso_time(activity.built));
    let body = document.signed(signature).json();

    let (account, date) = (names.signing_account(from, activity), Time::from_ms(1_500));
    let key_id = names.instances[from.index()].account(account);
    let host = names.instances[to.index()].name();
    let proof = prove(&keys[&key_id], account, host, "/inbox", &names.http_date(date), body.as_bytes());
    let form = activity.form;
    let head = names.request_head(form, from, to, body.len() as u64, date, &proof, Persistence::Kept);
    let headers: Vec<_> = head.lines().skip(1).filter_map(|line| line.split_once(": ")).collect();
    json!({
        "method": "POST",
        "target": "/inbox",
        "headers": headers,
        "body": body,
        "key_id": head.split("keyId=\"").nth(1).and_then(|rest| rest.split('"').next()),
        "public_key_pem": keys[&key_id].public_key_pem(),
        "author_public_key_pem": author_key.public_key_pem(),
    })
}

/// A recorded message of a real server, as its receiver would capture it.
fn recorded(message: &Value, keys: &Value) -> Value {
    let body = message["body"].to_string();
    let document = Document::read(body.as_bytes()).expect("the recording is of our shape");
    let head = message["requestHeaders"].as_str().expect("the recording has heads");
    let headers: Vec<_> = head.lines().skip(1).filter_map(|line| line.split_once(": ")).collect();
    let signature = headers.iter().find(|(name, _)| *name == "signature").expect("the recording is signed").1;
    let claim = Claim::read(signature).expect("the recording is signed");
    json!({
        "method": "POST",
        "target": "/inbox",
        "headers": headers,
        "body": body,
        "key_id": claim.key_id(),
        "public_key_pem": keys[claim.actor()],
        "author_public_key_pem": keys[document.actor()],
        "canonical": document.canonical(),
    })
}
