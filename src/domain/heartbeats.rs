//! Heartbeats at the doors of instances: what their own clients post to them, computed from the sessions without an event for each.
//!
//! A session posts at its first heartbeat and every `heartbeat` of its own, or of the rules that its instance has then, while before its end and until
//! the end of the run. A client of an instance that is down posts all the same: nobody is there who would get it or answer. Clients are no
//! instances: what they send and get is in no traffic of the federation.

use crate::domain::faults::{Change, Timetable};
use crate::domain::federation::Federation;
use crate::domain::protocol::Rules;
use crate::domain::workload::Session;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::trains::{Train, busiest_second};
use crate::mechanism::wire::{Names, Persistence};
use std::collections::BTreeMap;

/// What the clients of one instance post to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// The instance.
    pub instance: InstanceId,
    /// Heartbeats that clients send.
    pub sent: u64,
    /// Of these, those that the instance gets and answers: it is up.
    pub answered: u64,
    /// Head and body of the requests that it gets.
    pub request_bytes: u64,
    /// Head of its answers.
    pub answer_bytes: u64,
    /// The most that are sent in one second [k, k + 1) of model time.
    pub per_s_peak: u64,
}

/// The process of an instance from one change to the next.
struct Process {
    from: Time,
    is_up: bool,
    rules: Rules,
}

/// The doors at which any heartbeat arrives in a run that ends at `end`, in ascending order of instances.
pub fn doors(
    sessions: &[Session],
    federation: &Federation,
    names: &Names,
    timetable: &Timetable,
    end: Time,
) -> Vec<Door> {
    let mut visits: BTreeMap<InstanceId, Vec<&Session>> = BTreeMap::new();
    for session in sessions.iter().filter(|session| session.first_heartbeat <= end) {
        visits.entry(session.instance).or_default().push(session);
    }
    let mut changes: BTreeMap<InstanceId, Vec<(Time, Change)>> = BTreeMap::new();
    for (at, instance, change) in timetable.changes() {
        changes.entry(instance).or_default().push((at, change));
    }
    let of_instance = |(instance, visits): (InstanceId, Vec<&Session>)| {
        let rules = federation.instances[instance.index()].rules;
        let changes = changes.get(&instance).map_or(&[][..], Vec::as_slice);
        door(instance, &visits, &processes(rules, changes), names, end)
    };
    visits.into_iter().map(of_instance).filter(|door| door.sent > 0).collect()
}

/// The processes of an instance that begins with these rules.
fn processes(rules: Rules, changes: &[(Time, Change)]) -> Vec<Process> {
    let mut processes = vec![Process { from: Time::ZERO, is_up: true, rules }];
    for &(from, change) in changes {
        let before = processes.last().map_or(rules, |process| process.rules);
        processes.push(match change {
            Change::Stop => Process { from, is_up: false, rules: before },
            Change::Start(rules) => Process { from, is_up: true, rules: rules.unwrap_or(before) },
        });
    }
    processes
}

fn door(instance: InstanceId, visits: &[&Session], processes: &[Process], names: &Names, end: Time) -> Door {
    let mut door = Door { instance, sent: 0, answered: 0, request_bytes: 0, answer_bytes: 0, per_s_peak: 0 };
    let mut trains = Vec::with_capacity(visits.len());
    let mut answered = vec![0; processes.len()];
    for visit in visits {
        for (train, process) in trains_of(visit, processes, end) {
            door.sent += train.count;
            answered[process] += if processes[process].is_up { train.count } else { 0 };
            trains.push(train);
        }
    }
    let (head, body) = names.heartbeat(instance, visits[0].video);
    for (process, answered) in processes.iter().zip(answered) {
        let answer =
            names.response_head(process.rules.wire.form(), Time::ZERO, 1, Time::ZERO, Persistence::Kept);
        door.answered += answered;
        door.request_bytes += answered * (head.len() + body.len()) as u64;
        door.answer_bytes += answered * answer.len() as u64;
    }
    door.per_s_peak = busiest_second(trains);
    door
}

/// The heartbeats of a session, in a train for each process that they meet, by its position.
fn trains_of<'a>(
    session: &'a Session,
    processes: &'a [Process],
    end: Time,
) -> impl Iterator<Item = (Train, usize)> + 'a {
    const NEXT: Span = Span::from_ns(1);
    let over = session.end.min(end + NEXT);
    let mut at = session.first_heartbeat;
    std::iter::from_fn(move || {
        let next = processes.partition_point(|process| process.from <= at);
        let process = next.checked_sub(1).filter(|_| at < over)?;
        let every = session.heartbeat.unwrap_or(processes[process].rules.parameters.heartbeat);
        let until = processes.get(next).map_or(over, |next| next.from.min(over));
        let train = Train::before(at, every, until);
        at = train.next();
        Some((train, process))
    })
}
