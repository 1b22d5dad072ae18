//! A running job: its document is signed, and its requests are posted, each signed for its receiver.
//!
//! Latency, loss and faults are applied here, at the sender: a request waits until the model says that it arrives, and is
//! posted then; one that the model loses is not posted and holds its place until its time is up. What has left its sender
//! arrives, whether somebody still waits or not.

use super::desk::{Body, Job};
use super::exchange::{Answer, NoAnswer, exchange_own, request_of};
use super::http_signature::prove;
use super::ld_signature;
use super::notes::Posted;
use super::own::Purpose;
use super::site::Site;
use super::viewers::LATE;
use crate::domain::faults::Reachability;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::wire::Persistence;
use crate::observe::RequestOutcome;
use crate::request::{Conditions, message_name};
use hyper::StatusCode;
use hyper::body::Bytes;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What the model says of a request when it begins.
#[derive(Clone, Copy, Debug)]
enum Course {
    /// It arrives at a time; its answer is back so much later than that.
    Arrives { at: Time, answer: Span },
    /// Nothing arrives, which its sender knows at a time.
    Fails { known: Time, outcome: RequestOutcome },
}

/// A request that has begun.
struct Begun {
    course: Course,
    deadline: Time,
}

/// Posts a job to all its inboxes, so many at once as it may.
pub(super) async fn run_job(site: Arc<Site>, job: Job) {
    let body = match &job.body {
        Body::Forwarded(bytes) => bytes.clone(),
        Body::Own(document) => {
            let key = &site.server(job.letter.from).key;
            let created = site.cell.names.iso_time(job.letter.activity.built);
            let signature = ld_signature::sign(document, key, created);
            Bytes::from(document.as_ref().clone().signed(signature).json())
        }
    };
    if body.len() as u64 != u64::from(job.letter.body_bytes) {
        let (is, said) = (body.len(), job.letter.body_bytes);
        site.refusals.count("sizes_other_than_modelled", || format!("a body of {is} bytes, not {said}"));
    }
    let figures = &site.cell.delivery;
    let at_once = job.queue.map_or(usize::MAX, |_| figures.requests_per_job as usize);
    let limit = site.world().now() + figures.running_limit;
    let job = Arc::new(job);
    let (mut running, mut next, mut has_slot) = (JoinSet::new(), 0, true);
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    loop {
        while running.len() < at_once && next < job.to.len() {
            if let Some(begun) = begin(&site, &job, next) {
                let request = request(Arc::clone(&site), Arc::clone(&job), next, body.clone(), begun);
                running.spawn(site.watched(request));
            }
            next += 1;
        }
        let ended = tokio::select! {
            ended = running.join_next() => ended,
            () = site.clock.wait_until(limit), if has_slot && job.queue.is_some() => {
                // a job is given up after running so long; its requests go on
                has_slot = false;
                free_slot(&site, &job);
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
    let mut world = site.world();
    let now = world.now();
    world.note_health(now, &job, &good, &bad);
    drop(world);
    if has_slot {
        free_slot(&site, &job);
    }
}

fn free_slot(site: &Site, job: &Job) {
    let mut world = site.world();
    let now = world.now();
    world.free_slot(now, job);
}

/// Begins a request, and asks the model about it; none if it never begins.
fn begin(site: &Site, job: &Job, place: usize) -> Option<Begun> {
    let mut world = site.world();
    let now = world.now();
    if world.over().is_some() {
        return None;
    }
    if !world.may_go_on(job) {
        world.drop_unsent(job, place);
        return None;
    }
    world.begin(now, job, place);
    let (from, to) = (job.letter.from, job.to[place]);
    let name = message_name(&job.letter.activity, from, job.letter.attempt);
    let drawn = world.network.latency(name, from, to);
    let timetable = &world.timetable;
    let latency = Conditions::new(timetable, site.cell.seed).latency(from, to, || name, drawn, now);
    let waits = job.queue.is_some();
    let deadline = now + site.cell.delivery.timeout;
    // on plain HTTP a new connection takes one round trip
    let arrives = |latency: Span| now + if waits { latency * 3 } else { latency };
    let course = match latency {
        None => Course::Fails { known: deadline, outcome: RequestOutcome::TimedOut },
        Some(latency) => {
            match timetable.reachability(to, if waits { now + latency } else { arrives(latency) }) {
                Reachability::Silent => Course::Fails { known: deadline, outcome: RequestOutcome::TimedOut },
                Reachability::Refused => {
                    Course::Fails { known: now + latency * 2, outcome: RequestOutcome::FailedConnect }
                }
                Reachability::Up => {
                    let at = arrives(latency);
                    let slow = timetable.answer_delay(to, at);
                    Course::Arrives { at, answer: if waits { slow + latency } else { Span::ZERO } }
                }
            }
        }
    };
    if let Course::Fails { outcome, .. } = course {
        let arrival =
            if outcome == RequestOutcome::FailedConnect { Arrival::FailedConnect } else { Arrival::Lost };
        world.settle(job.ticket(place), arrival);
    }
    Some(Begun { course, deadline })
}

/// Takes a request to its end.
async fn request(
    site: Arc<Site>,
    job: Arc<Job>,
    place: usize,
    body: Bytes,
    Begun { course, deadline }: Begun,
) -> (InstanceId, RequestOutcome) {
    let message = job.message(place);
    let outcome = match course {
        Course::Fails { known, outcome } => {
            let known = known.min(deadline);
            site.clock.wait_until(known).await;
            if outcome == RequestOutcome::FailedConnect && known == deadline {
                RequestOutcome::TimedOut
            } else {
                outcome
            }
        }
        Course::Arrives { at, answer } => {
            // on its own, so that it arrives even if nobody waits any more
            let post = post(Arc::clone(&site), Arc::clone(&job), place, body, at);
            let post = tokio::spawn(site.watched(post));
            let answered = async {
                let outcome = post.await.unwrap_or(RequestOutcome::TimedOut);
                site.clock.wait_until(at + answer).await;
                outcome
            };
            let waited = tokio::time::timeout_at(site.clock.at(deadline), answered).await;
            waited.unwrap_or(RequestOutcome::TimedOut)
        }
    };
    let mut world = site.world();
    let now = world.now();
    world.end(now, message, outcome);
    (message.to, outcome)
}

/// Signs and posts a request at its time, and says how it was answered.
async fn post(site: Arc<Site>, job: Arc<Job>, place: usize, body: Bytes, at: Time) -> RequestOutcome {
    let message = job.message(place);
    let (from, to) = (message.letter.from, message.to);
    let names = &site.cell.names;
    let host = names.host(to).name().to_owned();
    let date = names.http_date(at);
    let actor = names.signing_account(from, &message.letter.activity);
    let proof = prove(&site.server(from).key, actor, &host, "/inbox", &date, &body);
    let form = message.letter.form;
    let head = names.request_head(form, from, to, body.len() as u64, at, &proof, Persistence::Closed);
    let address = host.parse().expect("the servers of a run have addresses for names");
    site.clock.wait_until(at).await;
    let purpose = Purpose::Post(job.ticket(place), message.letter.activity);
    let answer = match request_of(&head, body) {
        Ok(request) => exchange_own(&site.own, purpose, address, request).await,
        Err(error) => Err(error),
    };
    let is_over = site.world().over().is_some();
    if !is_over && site.clock.is_past(at, LATE) {
        site.refusals.count_own("posts_late", || format!("from {from} to {to}"));
    }
    let (outcome, arrival) = judge(&site, &message, &answer, is_over);
    // the receiver has said so itself if it took the message
    site.world().settle(job.ticket(place), arrival);
    outcome
}

/// How an answer is understood. After the end of the run nobody has to answer.
fn judge(
    site: &Site,
    message: &Posted,
    answer: &Result<Answer, NoAnswer>,
    is_over: bool,
) -> (RequestOutcome, Arrival) {
    let to = message.to;
    match answer {
        Ok(answer) => {
            if answer.written != message.bytes() {
                let (is, said) = (answer.written, message.bytes());
                site.refusals.count("sizes_other_than_modelled", || {
                    format!("a request of {is} bytes on the socket, not {said}")
                });
            }
            match answer.status {
                StatusCode::NO_CONTENT => {
                    let (is, said) = (answer.read, u64::from(message.response_bytes));
                    if is != said {
                        site.refusals.count("sizes_other_than_modelled", || {
                            format!("an answer of {is} bytes on the socket, not {said}")
                        });
                    }
                    (RequestOutcome::Good, Arrival::Delivered)
                }
                StatusCode::TOO_MANY_REQUESTS => (RequestOutcome::Refused, Arrival::Refused),
                // it went down while the request was under way
                StatusCode::SERVICE_UNAVAILABLE if !is_over => {
                    site.refusals.count("posts_while_down", || format!("to {to}"));
                    (RequestOutcome::FailedConnect, Arrival::Lost)
                }
                status => {
                    let words =
                        || format!("{to} answered {status}: {}", String::from_utf8_lossy(&answer.body));
                    match site.peer(message.letter.activity.author) {
                        _ if is_over => {}
                        // what it has not signed as others want it is forwarded all the same
                        Some(_) => site.refusals.count("forwards_of_peers_refused", words),
                        None => site.refusals.count_own("posts_refused", words),
                    }
                    (RequestOutcome::FailedConnect, Arrival::Lost)
                }
            }
        }
        Err(error) => {
            if !is_over {
                site.refusals.count_own("posts_without_answer", || format!("to {to}: {error}"));
            }
            (RequestOutcome::FailedConnect, Arrival::FailedConnect)
        }
    }
}
