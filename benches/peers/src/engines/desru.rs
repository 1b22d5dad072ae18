//! desru: events are closures in a scheduler, and state is shared between them. Time: `f64` seconds.

use super::{Broadcast, Hold, Measured, ns, secs};
use crate::model::{Event, Model};
use crate::workload::{Increments, Outcome, Phold, Workload};
use cpu_time::ProcessTime;
use desru::EventScheduler;
use std::cell::RefCell;
use std::rc::Rc;

pub struct Desru;

struct Holder {
    increments: Increments<f64>,
    events: u64,
}

fn hold_again(scheduler: &mut EventScheduler, holder: &Rc<RefCell<Holder>>) {
    let increment = holder.borrow_mut().increments.draw();
    let holder = Rc::clone(holder);
    let action = move |scheduler: &mut EventScheduler| {
        holder.borrow_mut().events += 1;
        hold_again(scheduler, &holder);
        None
    };
    scheduler.timeout(increment, Some(Box::new(action)), None);
}

/// Runs while there are events up to a time. The log, which would hold every event of the run, is off.
fn run_until(scheduler: &mut EventScheduler, until: f64) {
    let stop =
        move |scheduler: &EventScheduler| scheduler.event_queue.peek().is_none_or(|event| event.time > until);
    scheduler.run(Box::new(stop), Some(Box::new(|_, _| false)));
}

impl Hold for Desru {
    fn hold(&self, phold: &Phold) -> Measured {
        let increments = Increments::new(phold.increments_ns.iter().map(|&ns| secs(ns)));
        let holder = Rc::new(RefCell::new(Holder { increments, events: 0 }));
        let mut scheduler = EventScheduler::new();
        for _ in 0..phold.pending {
            hold_again(&mut scheduler, &holder);
        }
        run_until(&mut scheduler, secs(phold.warm_until_ns));
        let before = holder.borrow().events;
        let start = ProcessTime::now();
        run_until(&mut scheduler, secs(phold.until_ns));
        let took = start.elapsed();
        let events = holder.borrow().events - before;
        Measured { events, took }
    }
}

fn schedule(scheduler: &mut EventScheduler, model: &Rc<RefCell<Model>>, later_ns: u64, event: Event) {
    let model = Rc::clone(model);
    let action = move |scheduler: &mut EventScheduler| {
        let now_ns = ns(scheduler.current_time);
        model.borrow_mut().happen(now_ns, event, &mut |later_ns, event| {
            schedule(scheduler, &model, later_ns, event);
        });
        None
    };
    scheduler.timeout(secs(later_ns), Some(Box::new(action)), None);
}

impl Broadcast for Desru {
    fn run(&self, workload: &Workload) -> Outcome {
        let model = Rc::new(RefCell::new(Model::new(workload)));
        let mut scheduler = EventScheduler::new();
        let first = model.borrow().first();
        for (time_ns, event) in first {
            schedule(&mut scheduler, &model, time_ns, event);
        }
        run_until(&mut scheduler, f64::INFINITY);
        model.borrow().outcome()
    }
}
