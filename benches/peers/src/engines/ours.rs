//! fedisim's set of pending events, and the loop that any simulation has around it. Time: `u64` nanoseconds.

use super::{Broadcast, Hold, Measured};
use crate::model::{Event, Model};
use crate::workload::{Increments, Outcome, Phold, Workload};
use cpu_time::ProcessTime;
use fedisim::mechanism::pending::{Key, Pending};
use fedisim::foundation::units::{Span, Time};

pub struct Ours;

impl Hold for Ours {
    fn hold(&self, phold: &Phold) -> Measured {
        let mut increments = Increments::new(phold.increments_ns.iter().map(|&ns| Span::from_ns(ns)));
        let mut pending = Pending::new();
        for id in 0..phold.pending as u32 {
            pending.push(Time::ZERO + increments.draw(), key_of(id), id);
        }
        let mut run_until = |until_ns| {
            let mut events = 0;
            while pending.next_time().is_some_and(|next| next <= Time::from_ns(until_ns)) {
                let Some((now, key, id)) = pending.pop() else { break };
                pending.push(now + increments.draw(), key, id);
                events += 1;
            }
            events
        };
        run_until(phold.warm_until_ns);
        let start = ProcessTime::now();
        let events = run_until(phold.until_ns);
        Measured { events, took: start.elapsed() }
    }
}

fn key_of(id: u32) -> Key {
    Key { of_model: id.into(), copy: 0 }
}

impl Broadcast for Ours {
    fn run(&self, workload: &Workload) -> Outcome {
        let mut model = Model::new(workload);
        let mut pending = Pending::new();
        for (time_ns, event) in model.first() {
            pending.push(Time::from_ns(time_ns), key(event), event);
        }
        while let Some((now, _, event)) = pending.pop() {
            model.happen(now.ns(), event, &mut |later_ns, event| {
                pending.push(now + Span::from_ns(later_ns), key(event), event);
            });
        }
        model.outcome()
    }
}

fn key(event: Event) -> Key {
    let (rank, message, receiver) = match event {
        Event::Create { message } => (0, message, 0),
        Event::Sample { number } => (1, number, 0),
        Event::Arrive { message, receiver } => (2, message, receiver),
        Event::End { message, receiver } => (3, message, receiver),
    };
    Key { of_model: rank << 64 | u128::from(message) << 32 | u128::from(receiver), copy: 0 }
}
