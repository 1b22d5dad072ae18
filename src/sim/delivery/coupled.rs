//! The requests of a sender whose cores or links are limited, to receivers that are not: two events each.
//!
//! The same requests as in `request`, whose steps at the receiver are worked out when it has left (`columns::coupled`). Its
//! signature takes its turn on the sender's cores when it begins, its bytes take theirs on the uplink when it is signed.

use super::sending::message_name;
use super::{Delivery, Moment};
use crate::event::{Event, Message, Step};
use crate::observe::{Fate, Observer};
use std::rc::Rc;

impl Delivery<'_> {
    /// A job starts its requests.
    pub(super) fn run_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        self.draw_fates(number);
        let job = self.jobs.get(number);
        job.begun.resize(job.to.len(), moment.now);
        let (letter, to) = (Rc::clone(&job.letter), job.to[0]);
        let like = self.message(&letter, to);
        if let Some(columns) = &mut self.columns {
            columns.open_job(number, &like, &self.conditions);
        }
        self.begin_coupled(number, moment);
    }

    /// Begins as many requests of a job as it may have at once; ends it when there is nothing left.
    fn begin_coupled(&mut self, number: u32, moment: &mut Moment<'_, impl Observer>) {
        let Delivery { jobs, columns, machines, figures, .. } = self;
        let job = jobs.get(number);
        let Some((columns, route)) = columns.as_mut().zip(job.route.as_ref()) else { return };
        while job.under_way < figures.requests_per_job && job.next < job.to.len() {
            let destination = job.next;
            job.next += 1;
            job.under_way += 1;
            job.begun[destination] = moment.now;
            columns.begin_request(moment.now, route, destination);
            let signed = machines[route.from.index()].cores.serve(moment.now, figures.sign);
            let message = Message {
                letter: Rc::clone(&job.letter),
                to: job.to[destination],
                head_bytes: route.head_bytes(destination),
            };
            let destination = destination as u32;
            moment.at(signed, Event::Coupled { step: Step::Signed, slot: number, destination, message });
        }
        if job.under_way == 0 {
            columns.close_job(number);
            job.bad.sort_unstable();
            self.job_done(number, moment);
        }
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
        let mut plan = |step, at| {
            let message = message.clone();
            moment.at(at, Event::Coupled { step, slot: number, destination, message });
        };
        match step {
            Step::Signed => {
                let name = message_name(&message.activity, message.from, message.attempt);
                let transfer = |bytes| machine.uplink.transfer(now, bytes);
                let begun = job.begun[at];
                let (over, fate) =
                    columns.leave(now, number, route, at, job.fates[at], name, begun, conditions, transfer);
                match fate {
                    Fate::Good if machine.downlink.is_limited() => plan(Step::Answered, over),
                    Fate::Good => plan(Step::Ended, over),
                    Fate::TimedOut => plan(Step::TimedOut, over),
                    Fate::FailedConnect | Fate::Refused => {
                        // what is over has no fate any more
                        job.fates[at] = None;
                        plan(Step::Ended, over);
                    }
                }
            }
            Step::Answered => {
                let deadline = job.begun[at] + figures.timeout;
                let ends = machine.downlink.transfer(now, columns.answer_bytes(route, at));
                if ends <= deadline { plan(Step::Ended, ends) } else { plan(Step::TimedOut, deadline) }
            }
            Step::Ended | Step::TimedOut => {
                let fate = match (step, job.fates[at]) {
                    (Step::TimedOut, _) => Fate::TimedOut,
                    (_, None) => Fate::FailedConnect,
                    (_, Some(_)) => Fate::Good,
                };
                columns.end_request(route, at, fate);
                if fate != Fate::Good {
                    job.bad.push(message.to);
                }
                job.under_way -= 1;
                self.begin_coupled(number, moment);
            }
            Step::Reached | Step::Arrived | Step::Verified => unreachable!("a step of the receiver's"),
        }
    }
}
