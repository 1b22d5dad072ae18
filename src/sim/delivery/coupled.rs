//! The requests of a sender whose cores or links are limited, to receivers that are not: two events each.
//!
//! The same requests as in `request`, whose steps at the receiver are worked out when it has left (`columns::coupled`). Its
//! signature takes its turn on the sender's cores when it begins, its bytes take theirs on the uplink when it is signed. Of what
//! a job waits for after that, only what comes first is an event: so few are pending, and they stay in the caches.

use super::sending::message_name;
use super::{Delivery, Moment};
use crate::event::{Event, Letter, Message, Step};
use crate::mechanism::network::NO_LATENCY_US;
use crate::observe::{Fate, Observer};
use crate::sim::columns::Route;
use crate::words::units::{Span, Time};
use std::cmp::Reverse;
use std::rc::Rc;

impl Delivery<'_> {
    /// A job starts its requests.
    pub(super) fn run_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let Delivery { jobs, network, .. } = self;
        let job = jobs.get(number);
        let Letter { activity, from, attempt, .. } = *job.letter;
        job.begun.resize(job.to.len(), moment.now);
        job.name = message_name(&activity, from, attempt);
        network.latencies_us(job.name, from, &job.to, &mut job.latencies_us);
        let (letter, to) = (Rc::clone(&job.letter), job.to[0]);
        let like = self.message(&letter, to);
        if let Some(columns) = &mut self.columns {
            columns.open_job(number, &like, &self.conditions);
        }
        self.begin_coupled(number, moment);
    }

    /// Begins as many requests of a job as it may have at once; ends it when there is nothing left. Returns whether it goes on.
    fn begin_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) -> bool {
        let Delivery { jobs, columns, machines, figures, .. } = self;
        let job = jobs.get(number);
        let Some((columns, route)) = columns.as_mut().zip(job.route.as_ref()) else { return false };
        while job.under_way < figures.requests_per_job && job.next < job.to.len() {
            let destination = job.next;
            job.next += 1;
            job.under_way += 1;
            job.begun[destination] = moment.now;
            columns.begin_request(moment.now, route, destination);
            let signed = machines[route.from.index()].cores.serve(moment.now, figures.sign);
            let message = message_to(&job.letter, route, destination);
            let destination = destination as u32;
            moment.at(signed, Event::Coupled { step: Step::Signed, slot: number, destination, message });
        }
        if job.under_way > 0 {
            return true;
        }
        columns.close_job(number);
        job.bad.sort_unstable();
        self.job_done(number, moment);
        false
    }

    /// Takes a step of a request.
    pub(in crate::sim) fn step_coupled(
        &mut self,
        step: Step,
        number: u32,
        destination: u32,
        message: &Message,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let now = moment.now;
        let Delivery { jobs, columns, machines, figures, conditions, .. } = self;
        let job = jobs.get(number);
        let at = destination as usize;
        let Some((columns, route)) = columns.as_mut().zip(job.route.as_ref()) else { return };
        let machine = &mut machines[route.from.index()];
        if step != Step::Signed {
            let Reverse(first) = job.to_come.pop().expect("it was to come");
            assert_eq!((first, job.pending.pop()), ((now, destination, step), Some(first)), "in order");
        }
        let mut plan = |step, at: Time| job.to_come.push(Reverse((at, destination, step)));
        match step {
            Step::Signed => {
                let transfer = |bytes| machine.uplink.transfer(now, bytes);
                let (name, begun, us) = (job.name, job.begun[at], job.latencies_us[at]);
                let drawn = (us != NO_LATENCY_US).then(|| Span::from_us(u64::from(us)));
                let (over, fate) =
                    columns.leave(now, number, route, at, drawn, name, begun, conditions, transfer);
                match fate {
                    Fate::Good if machine.downlink.is_limited() => plan(Step::Answered, over),
                    Fate::Good => plan(Step::Ended, over),
                    Fate::TimedOut => plan(Step::TimedOut, over),
                    Fate::FailedConnect | Fate::Refused => {
                        plan(Step::Ended, over);
                        job.failed.push(destination);
                    }
                }
            }
            Step::Answered => {
                let deadline = job.begun[at] + figures.timeout;
                let ends = machine.downlink.transfer(now, columns.answer_bytes(route, at));
                if ends <= deadline { plan(Step::Ended, ends) } else { plan(Step::TimedOut, deadline) }
            }
            Step::Ended | Step::TimedOut => {
                let failed = job.failed.iter().position(|failed| *failed == destination);
                let fate = match failed {
                    _ if step == Step::TimedOut => Fate::TimedOut,
                    Some(_) => Fate::FailedConnect,
                    None => Fate::Good,
                };
                failed.map(|place| job.failed.swap_remove(place));
                columns.end_request(route, at, fate);
                if fate != Fate::Good {
                    job.bad.push(message.to);
                }
                job.under_way -= 1;
                if !self.begin_coupled(number, moment) {
                    return;
                }
            }
            Step::Reached | Step::Arrived | Step::Verified => unreachable!("a step of the receiver's"),
        }
        self.wait_coupled(number, moment);
    }

    /// Makes an event of what comes next for a job, if there is none yet.
    fn wait_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let job = self.jobs.get(number);
        let Some(&Reverse(first)) = job.to_come.peek() else { return };
        if job.pending.last() == Some(&first) {
            return;
        }
        job.pending.push(first);
        let (at, destination, step) = first;
        let Some(route) = &job.route else { return };
        let message = message_to(&job.letter, route, destination as usize);
        moment.at(at, Event::Coupled { step, slot: number, destination, message });
    }
}

fn message_to(letter: &Rc<Letter>, route: &Route, destination: usize) -> Message {
    let head_bytes = route.head_bytes(destination);
    Message { letter: Rc::clone(letter), to: route.to[destination], head_bytes }
}
