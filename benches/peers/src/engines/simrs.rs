//! simrs: a component that gets its events, and a scheduler that takes new ones. Time: `Duration`.

use super::{Broadcast, Hold, Measured};
use crate::model::{Event, Model};
use crate::workload::{Increments, Outcome, Phold, Workload};
use cpu_time::ProcessTime;
use simrs::{Component, ComponentId, Executor, Key, Scheduler, Simulation, State};
use std::time::Duration;

pub struct Simrs;

#[derive(Debug)]
struct Happens;

struct Holder {
    increments: Increments<Duration>,
    events: u64,
}

struct HoldComponent {
    holder: Key<Holder>,
}

impl Component for HoldComponent {
    type Event = Happens;

    fn process_event(
        &self,
        self_id: ComponentId<Happens>,
        _event: &Happens,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        let holder = state.get_mut(self.holder).expect("it is there for the whole run");
        holder.events += 1;
        scheduler.schedule(holder.increments.draw(), self_id, Happens);
    }
}

impl Hold for Simrs {
    fn hold(&self, phold: &Phold) -> Measured {
        let mut increments = Increments::new(phold.increments_ns.iter().map(|&ns| Duration::from_nanos(ns)));
        let first: Vec<_> = (0..phold.pending).map(|_| increments.draw()).collect();
        let mut simulation = Simulation::default();
        let holder = simulation.state.insert(Holder { increments, events: 0 });
        let component = simulation.add_component(HoldComponent { holder });
        for time in first {
            simulation.schedule(time, component, Happens);
        }
        simulation.execute(Executor::timed(Duration::from_nanos(phold.warm_until_ns)));
        let events = |simulation: &Simulation| simulation.state.get(holder).map_or(0, |holder| holder.events);
        let before = events(&simulation);
        let start = ProcessTime::now();
        simulation.execute(Executor::timed(Duration::from_nanos(phold.until_ns)));
        let took = start.elapsed();
        Measured { events: events(&simulation) - before, took }
    }
}

struct Federation {
    model: Key<Model>,
}

impl Component for Federation {
    type Event = Event;

    fn process_event(
        &self,
        self_id: ComponentId<Event>,
        event: &Event,
        scheduler: &mut Scheduler,
        state: &mut State,
    ) {
        let model = state.get_mut(self.model).expect("it is there for the whole run");
        let now_ns = scheduler.time().as_nanos() as u64;
        model.happen(now_ns, *event, &mut |later_ns, event| {
            scheduler.schedule(Duration::from_nanos(later_ns), self_id, event);
        });
    }
}

impl Broadcast for Simrs {
    fn run(&self, workload: &Workload) -> Outcome {
        let model = Model::new(workload);
        let first = model.first();
        let mut simulation = Simulation::default();
        let model = simulation.state.insert(model);
        let federation = simulation.add_component(Federation { model });
        for (time_ns, event) in first {
            simulation.schedule(Duration::from_nanos(time_ns), federation, event);
        }
        simulation.execute(Executor::unbound());
        simulation.state.get(model).expect("it is there for the whole run").outcome()
    }
}
