//! A running job: its document is signed, and its requests are posted, each signed for its receiver. A GET is a job without a
//! document.
//!
//! Latency, loss and faults are applied here, at the sender. A request is posted at the time at which the model says that
//! it arrives. One that the model loses is not posted, and holds its place until the time-out. A posted request arrives even
//! if its sender stops waiting for the answer.

use super::cluster::Cluster;
use super::http_client::{Answer, NoAnswer, exchange_own};
use super::http_signature::{prove, prove_get};
use super::inbox::counted_response_bytes;
use super::observations::{Observation, OwnedMessage};
use super::outbox::{Body, Job};
use super::own_sockets::Purpose;
use crate::domain::faults::Reachability;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Activity;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::{Leg, Ways};
use crate::mechanism::refusal::Refusal::RateLimited;
use crate::mechanism::wire::{About, Document, Persistence, Read};
use crate::observe::{AnswerEnd, RequestOutcome};
use crate::request::{Conditions, message_name};
use hyper::StatusCode;
use hyper::body::Bytes;
use std::sync::Arc;
use tokio::task::JoinSet;

const ON_SOCKET: &str = " on the socket";

/// How a request passes the network, as the model says when it begins.
#[derive(Clone, Copy, Debug)]
enum Transit {
    /// It arrives at a time, and its answer is back so much later; `None` if the answer is lost.
    Arrives { at: Time, answer: Option<Span> },
    /// Nothing arrives. Its sender knows that at a time.
    Fails { known: Time, outcome: RequestOutcome },
}

/// A request that has begun, and when its sender stops waiting.
struct Begun {
    transit: Transit,
    deadline: Time,
}

/// Posts a job to all its inboxes, at most `requests_per_job` at once.
pub(super) async fn run_job(cluster: Arc<Cluster>, job: Job) {
    let body = match &job.body {
        Body::Forwarded(bytes) => bytes.clone(),
        Body::Nothing => Bytes::new(),
        Body::Own(document) => {
            cluster.signed(job.letter.from, document.as_ref().clone(), job.letter.activity.built)
        }
    };
    check_size(&cluster, ["a body", ""], body.len() as u64, u64::from(job.letter.body_bytes));
    let figures = &cluster.cell.delivery;
    let at_once = job.queue.map_or(usize::MAX, |_| figures.requests_per_job as usize);
    let limit = cluster.state().now() + figures.running_limit;
    let job = Arc::new(job);
    let (mut running, mut next, mut has_slot) = (JoinSet::new(), 0, true);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    loop {
        while running.len() < at_once && next < job.to.len() {
            if let Some(begun) = begin(&cluster, &job, next) {
                let request = request(Arc::clone(&cluster), Arc::clone(&job), next, body.clone(), begun);
                running.spawn(cluster.watched(request));
            }
            next += 1;
        }
        let ended = tokio::select! {
            ended = running.join_next() => ended,
            () = cluster.clock.wait_until(limit), if has_slot && job.queue.is_some() => {
                // the job loses its slot after `running_limit`, but its requests go on
                has_slot = false;
                free_slot(&cluster, &job);
                continue;
            }
        };
        match ended {
            Some(Ok((to, RequestOutcome::Good))) => good.push(to),
            Some(Ok((to, _))) => bad.push(to),
            Some(Err(_)) => return, // the runtime ends
            None => break,
        }
    }
    let mut state = cluster.state();
    let now = state.now();
    if job.letter.kind.is_get() {
        state.get_over(now, &job);
    } else {
        state.note_health(now, &job, &good, &bad);
    }
    drop(state);
    if has_slot {
        free_slot(&cluster, &job);
    }
}

/// Counts a size that is not the model's.
fn check_size(cluster: &Cluster, [what, place]: [&str; 2], is: u64, model: u64) {
    if is != model {
        let case = || format!("{what} of {is} bytes{place}, not {model}");
        cluster.refusals.count("sizes_other_than_modelled", case);
    }
}

fn free_slot(cluster: &Cluster, job: &Job) {
    let mut state = cluster.state();
    let now = state.now();
    state.free_slot(now, job);
}

/// Begins a request, and asks the model how it passes. None if it never begins.
fn begin(cluster: &Cluster, job: &Job, place: usize) -> Option<Begun> {
    let mut state = cluster.state();
    let now = state.now();
    if state.ended.is_some() {
        return None;
    }
    if !state.may_go_on(job) {
        state.drop_unsent(job, place);
        return None;
    }
    state.begin(now, job, place);
    let (from, to) = (job.letter.from, job.to[place]);
    let name = message_name(&job.letter.activity, from, job.letter.attempt);
    let ways = state.network.ways(name, from, to);
    let mut conditions = Conditions::new(&state.timetable, cluster.cell.seed);
    let deadline = now + cluster.cell.delivery.timeout;
    let transit = transit(&mut conditions, (from, to), name, &ways, job.queue.is_some(), now)
        .unwrap_or(Transit::Fails { known: deadline, outcome: RequestOutcome::TimedOut });
    match transit {
        Transit::Arrives { .. } => state.report(Observation::Left { now, message: job.message(place) }),
        Transit::Fails { outcome, .. } => {
            let arrival =
                if outcome == RequestOutcome::FailedConnect { Arrival::FailedConnect } else { Arrival::Lost };
            state.settle(job.request_id(place), arrival);
        }
    }
    Some(Begun { transit, deadline })
}

/// How a request passes that begins now: with queues on a new connection of plain HTTP, whose handshake takes one round trip,
/// else one way. None if its sender hears nothing and nothing arrives.
fn transit(
    conditions: &mut Conditions<'_>,
    ends: (InstanceId, InstanceId),
    name: u64,
    ways: &Ways,
    waits: bool,
    now: Time,
) -> Option<Transit> {
    let timetable = conditions.timetable;
    let mut latency = |leg: Leg, at| conditions.latency(leg, ends, || name, ways.of(leg), at);
    let there = latency(Leg::Request, now)?;
    let reaches = now + there;
    let reachability = timetable.reachability(ends.1, reaches);
    if reachability == Reachability::Silent {
        return None;
    }
    let refused = |known| Some(Transit::Fails { known, outcome: RequestOutcome::FailedConnect });
    if !waits {
        let arrives = Some(Transit::Arrives { at: reaches, answer: Some(Span::ZERO) });
        return if reachability == Reachability::Up { arrives } else { refused(reaches) };
    }
    let connected = reaches + latency(Leg::Handshake, reaches)?;
    if reachability == Reachability::Refused {
        return refused(connected);
    }
    let at = connected + there;
    let delay = timetable.answer_delay(ends.1, at);
    Some(Transit::Arrives { at, answer: latency(Leg::Answer, at + delay).map(|back| delay + back) })
}

/// Runs a request to its end.
async fn request(
    cluster: Arc<Cluster>,
    job: Arc<Job>,
    place: usize,
    body: Bytes,
    Begun { transit, deadline }: Begun,
) -> (InstanceId, RequestOutcome) {
    let message = job.message(place);
    let (outcome, count) = match transit {
        Transit::Fails { known, outcome } => {
            let known = known.min(deadline);
            cluster.clock.wait_until(known).await;
            let is_late = outcome == RequestOutcome::FailedConnect && known == deadline;
            (if is_late { RequestOutcome::TimedOut } else { outcome }, None)
        }
        Transit::Arrives { at, answer } => {
            // a separate task, so that it arrives even after the time-out
            let back = answer.map(|answer| at + answer);
            let post = post(Arc::clone(&cluster), Arc::clone(&job), place, body, at, back);
            let post = tokio::spawn(cluster.watched(post));
            let answered = async {
                let ended = post.await.unwrap_or((RequestOutcome::TimedOut, None));
                match back {
                    Some(back) => cluster.clock.wait_until(back).await,
                    None => std::future::pending().await,
                }
                ended
            };
            let waited = tokio::time::timeout_at(cluster.clock.at(deadline), answered).await;
            waited.unwrap_or((RequestOutcome::TimedOut, None))
        }
    };
    let mut state = cluster.state();
    let now = state.now();
    let (from, to) = (message.letter.from, message.to);
    state.end(now, message, outcome);
    if let Some(total) = count {
        state.take_count(from, total);
    }
    (to, outcome)
}

/// Signs a request and makes it at a time. Returns how it was answered, and with what count if with one. `back` is when the answer has crossed the link back, unless
/// that loses it.
async fn post(
    cluster: Arc<Cluster>,
    job: Arc<Job>,
    place: usize,
    body: Bytes,
    at: Time,
    back: Option<Time>,
) -> (RequestOutcome, Option<Activity>) {
    let message = job.message(place);
    let (from, to) = (message.letter.from, message.to);
    let head = signed_head(&cluster, &message, &body, at);
    let host = cluster.cell.names.host(to).name();
    let address = host.parse().expect("the servers of a run have addresses for names");
    cluster.clock.wait_until(at).await;
    let (request, activity) = (job.request_id(place), message.letter.activity);
    let is_get = message.letter.kind.is_get();
    let purpose = if is_get { Purpose::Get(request, activity) } else { Purpose::Post(request, activity) };
    let answer = exchange_own(&cluster.own, purpose, address, &head, body).await;
    let has_ended = cluster.state().ended.is_some();
    if !has_ended && cluster.clock.is_late(at) {
        cluster.refusals.count_own("posts_late", || format!("from {from} to {to}"));
    }
    let noted = cluster.state().registry.take_answer(request);
    let count = answer.as_ref().ok().zip(noted).and_then(|(answer, noted)| count_in(&cluster, answer, noted));
    let (outcome, arrival) = outcome_of(&cluster, &message, (&answer, count.as_ref()), has_ended);
    let mut state = cluster.state();
    // does nothing if the receiver has settled it
    state.settle(job.request_id(place), arrival);
    if matches!(outcome, RequestOutcome::Good | RequestOutcome::Refused(_))
        && let Some(at) = back.filter(|back| *back <= cluster.cell.end.latest())
    {
        state.report(match answer {
            // what has come is what its sender got
            Ok(Answer { read: bytes, .. })
                if (is_get || count.is_some()) && outcome == RequestOutcome::Good =>
            {
                Observation::Answered { at, message, bytes, end: AnswerEnd::Arrives }
            }
            _ => message.answered(at, AnswerEnd::Arrives),
        });
    }
    (outcome, count)
}

/// The count that an answer carries. Its document decides; what is `noted` of it only dates it.
fn count_in(cluster: &Cluster, answer: &Answer, noted: Activity) -> Option<Activity> {
    let read = Document::read(&answer.body).and_then(|document| cluster.cell.names.read(&document));
    match read {
        Ok(Read { author, video, about: About::Total, expires, result, .. })
            if (author, video) == (noted.author, noted.video) =>
        {
            Some(Activity { expires, result, ..noted })
        }
        other => {
            cluster.refusals.count_own("counts_in_answers_refused", || format!("{other:?}"));
            None
        }
    }
}

/// The head of a request that arrives at a time, signed if a server signs it.
fn signed_head(cluster: &Cluster, message: &OwnedMessage, body: &Bytes, at: Time) -> String {
    let names = &cluster.cell.names;
    let (from, to, form) = (message.letter.from, message.to, message.letter.form);
    let (host, date, activity) = (names.host(to).name(), names.http_date(at), &message.letter.activity);
    let key = &cluster.server(from).key;
    if message.letter.kind.is_get() {
        let signature = prove_get(key, host, &names.get_target(activity, to), &date);
        return names.get_head(form, activity, to, at, &signature, Persistence::Closed);
    }
    let actor = names.signing_account(from, activity);
    let proof = prove(key, actor, host, "/inbox", &date, body);
    names.request_head(form, from, to, body.len() as u64, at, &proof, Persistence::Closed)
}

/// The outcome that an answer means. After the end of the run a missing answer is no failure.
fn outcome_of(
    cluster: &Cluster,
    message: &OwnedMessage,
    (answer, count): (&Result<Answer, NoAnswer>, Option<&Activity>),
    has_ended: bool,
) -> (RequestOutcome, Arrival) {
    let to = message.to;
    match answer {
        Ok(answer) => {
            check_size(cluster, ["a request", ON_SOCKET], answer.written, message.bytes());
            let has_body = message.letter.kind.is_get() || count.is_some();
            let good = if has_body { StatusCode::OK } else { StatusCode::NO_CONTENT };
            match answer.status {
                status if status == good => {
                    let counted = count.map(|total| counted_response_bytes(&cluster.cell, total));
                    let answer_bytes = counted.unwrap_or_else(|| message.message().answer_bytes());
                    check_size(cluster, ["an answer", ON_SOCKET], answer.read, answer_bytes);
                    (RequestOutcome::Good, Arrival::Delivered)
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    (RequestOutcome::Refused(RateLimited), Arrival::Refused(RateLimited))
                }
                // it has gone down while the request was in flight
                StatusCode::SERVICE_UNAVAILABLE if !has_ended => {
                    cluster.refusals.count("posts_while_down", || format!("to {to}"));
                    (RequestOutcome::FailedConnect, Arrival::Lost)
                }
                status => {
                    let case =
                        || format!("{to} answered {status}: {}", String::from_utf8_lossy(&answer.body));
                    match cluster.peer(message.letter.activity.author) {
                        _ if has_ended => {}
                        // an own server forwards what a peer signs, even if others refuse it
                        Some(_) => cluster.refusals.count("forwards_of_peers_refused", case),
                        None => cluster.refusals.count_own("posts_refused", case),
                    }
                    (RequestOutcome::FailedConnect, Arrival::Lost)
                }
            }
        }
        Err(error) => {
            if !has_ended {
                cluster.refusals.count_own("posts_without_answer", || format!("to {to}: {error}"));
            }
            (RequestOutcome::FailedConnect, Arrival::FailedConnect)
        }
    }
}
