//! Heartbeats at the doors of instances: what their own clients post to them, computed from the sessions without an event for each, but at instances
//! that tell clients when to come (`hints`): those have been noted one by one (`door`).
//!
//! A session posts at its first heartbeat and every `heartbeat` of its own, or of the rules that its instance has then, while before its end and until
//! the end of the run; and once more when it ends, if it manages to say that it leaves (`leave_beacon`): a request of the same kind, with a member
//! more. A client of an instance that is down posts all the same: nobody is there who would get it or answer. Clients are no
//! instances: what they send and get is in no traffic of the federation.

use crate::domain::door::{Door, SeenDoor};
use crate::domain::faults::{Change, Timetable};
use crate::domain::federation::Federation;
use crate::domain::protocol::Rules;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::random::{Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::trains::{Train, busiest_second};
use crate::mechanism::wire::Names;
use std::collections::BTreeMap;

/// The process of an instance from one change to the next.
struct Process {
    from: Time,
    is_up: bool,
    rules: Rules,
}

/// Whether the client of a session says that it leaves: one of a share of all, by lot. `rules` are those of its instance at its first
/// heartbeat, for the page that it has loaded decides.
pub fn says_leaving(seed: Seed, session: SessionId, rules: &Rules) -> bool {
    const ALL_PPM: u32 = 1_000_000;
    seed.lot(Purpose::Beacon, u64::from(session.0), ALL_PPM) < rules.parameters.leave_beacon_ppm
}

/// The doors at which heartbeats have to be noted one by one, with none so far: those of instances that ever tell clients when to come.
pub fn doors_to_see(federation: &Federation, timetable: &Timetable) -> BTreeMap<InstanceId, SeenDoor> {
    let first = (0u32..).zip(&federation.instances).map(|(id, instance)| (InstanceId(id), instance.rules));
    let later = timetable.changes().into_iter().filter_map(|(_, id, change)| match change {
        Change::Start(rules) => Some((id, rules?)),
        Change::Stop => None,
    });
    let hints = first.chain(later).filter(|(_, rules)| rules.parameters.hints.is_some());
    hints.map(|(id, _)| (id, SeenDoor::default())).collect()
}

/// The doors at which any heartbeat arrives in a run that ends at `end`, in ascending order of instances.
pub fn doors(
    (sessions, seed): (&[Session], Seed),
    federation: &Federation,
    names: &Names,
    timetable: &Timetable,
    (end, seen): (Time, &BTreeMap<InstanceId, SeenDoor>),
) -> Vec<Door> {
    let mut visits: BTreeMap<InstanceId, Vec<(SessionId, &Session)>> = BTreeMap::new();
    let all = sessions.iter().enumerate().map(|(id, session)| (SessionId::at(id), session));
    for (id, session) in all.filter(|(_, session)| session.first_heartbeat <= end) {
        visits.entry(session.instance).or_default().push((id, session));
    }
    let mut changes: BTreeMap<InstanceId, Vec<(Time, Change)>> = BTreeMap::new();
    for (at, instance, change) in timetable.changes() {
        changes.entry(instance).or_default().push((at, change));
    }
    let of_instance = |(instance, visits): (InstanceId, Vec<(SessionId, &Session)>)| {
        if let Some(seen) = seen.get(&instance) {
            return seen.door(instance, visits[0].1.video, names);
        }
        let rules = federation.instances[instance.index()].rules;
        let changes = changes.get(&instance).map_or(&[][..], Vec::as_slice);
        door(instance, &visits, &processes(rules, changes), names, (seed, end))
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

fn door(
    instance: InstanceId,
    visits: &[(SessionId, &Session)],
    processes: &[Process],
    names: &Names,
    (seed, end): (Seed, Time),
) -> Door {
    let mut door = Door { instance, sent: 0, answered: 0, request_bytes: 0, answer_bytes: 0, per_s_peak: 0 };
    let mut trains = Vec::with_capacity(visits.len());
    // by process: heartbeats, and those by which clients say that they leave
    let mut answered = vec![[0; 2]; processes.len()];
    for &(id, visit) in visits {
        let says_leaving = |rules: &Rules| says_leaving(seed, id, rules);
        let heartbeats = trains_of(visit, processes, end).map(|(train, process)| (train, process, 0));
        let leaving =
            leaving_of(visit, processes, end, says_leaving).map(|(train, process)| (train, process, 1));
        for (train, process, kind) in heartbeats.chain(leaving) {
            door.sent += train.count;
            answered[process][kind] += if processes[process].is_up { train.count } else { 0 };
            trains.push(train);
        }
    }
    let bytes = [false, true].map(|leaves| {
        let (head, body) = names.heartbeat(instance, visits[0].1.video, leaves);
        (head.len() + body.len()) as u64
    });
    for (process, [heartbeats, leaving]) in processes.iter().zip(answered) {
        let answer = names.heartbeat_answer(process.rules.wire.form(), None);
        door.answered += heartbeats + leaving;
        door.request_bytes += heartbeats * bytes[0] + leaving * bytes[1];
        door.answer_bytes += (heartbeats + leaving) * answer.len() as u64;
    }
    door.per_s_peak = busiest_second(trains);
    door
}

/// The process that there is at an instant, by its position.
fn process_at(processes: &[Process], at: Time) -> Option<usize> {
    processes.partition_point(|process| process.from <= at).checked_sub(1)
}

/// What the client of a session posts when it leaves, if it does, as a train of one, and the process that it meets.
fn leaving_of(
    session: &Session,
    processes: &[Process],
    end: Time,
    says_leaving: impl Fn(&Rules) -> bool,
) -> Option<(Train, usize)> {
    let has_begun = session.first_heartbeat < session.end && session.end <= end;
    let loaded = &processes[process_at(processes, session.first_heartbeat).filter(|_| has_begun)?];
    let process = process_at(processes, session.end).filter(|_| says_leaving(&loaded.rules))?;
    Some((Train::one(session.end), process))
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
