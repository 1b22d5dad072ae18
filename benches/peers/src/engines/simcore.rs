//! simcore: a component that handles its events and emits them to itself. Time: `f64` seconds.

use super::{Broadcast, Hold, Measured, ns, secs};
use crate::model::{self, Model};
use crate::workload::{Increments, Outcome, Phold, Workload};
use cpu_time::ProcessTime;
use serde::Serialize;
use simcore::{Event, EventHandler, Simulation, SimulationContext, cast};
use std::cell::RefCell;
use std::rc::Rc;

pub struct Simcore;

#[derive(Clone, Serialize)]
struct Happens {}

struct Holder {
    context: SimulationContext,
    increments: Increments<f64>,
    events: u64,
}

impl EventHandler for Holder {
    fn on(&mut self, event: Event) {
        cast!(match event.data {
            Happens {} => {
                self.context.emit_self(Happens {}, self.increments.draw());
                self.events += 1;
            }
        })
    }
}

impl Hold for Simcore {
    fn hold(&self, phold: &Phold) -> Measured {
        let mut simulation = Simulation::new(1);
        let mut increments = Increments::new(phold.increments_ns.iter().map(|&ns| secs(ns)));
        let context = simulation.create_context("holder");
        for _ in 0..phold.pending {
            context.emit_self(Happens {}, increments.draw());
        }
        let holder = Rc::new(RefCell::new(Holder { context, increments, events: 0 }));
        simulation.add_handler("holder", holder.clone());
        simulation.step_until_time(secs(phold.warm_until_ns));
        let before = holder.borrow().events;
        let start = ProcessTime::now();
        simulation.step_until_time(secs(phold.until_ns));
        let took = start.elapsed();
        let events = holder.borrow().events - before;
        Measured { events, took }
    }
}

#[derive(Clone, Serialize)]
struct InModel {
    event: model::Event,
}

struct Federation {
    context: SimulationContext,
    model: Model,
}

impl EventHandler for Federation {
    fn on(&mut self, event: Event) {
        let now_ns = ns(event.time);
        cast!(match event.data {
            InModel { event } => {
                let Federation { context, model } = self;
                model.happen(now_ns, event, &mut |later_ns, event| {
                    context.emit_self(InModel { event }, secs(later_ns));
                });
            }
        })
    }
}

impl Broadcast for Simcore {
    fn run(&self, workload: &Workload) -> Outcome {
        let mut simulation = Simulation::new(1);
        let context = simulation.create_context("federation");
        let model = Model::new(workload);
        for (time_ns, event) in model.first() {
            context.emit_self(InModel { event }, secs(time_ns));
        }
        let federation = Rc::new(RefCell::new(Federation { context, model }));
        simulation.add_handler("federation", federation.clone());
        simulation.step_until_no_events();
        federation.borrow().model.outcome()
    }
}
