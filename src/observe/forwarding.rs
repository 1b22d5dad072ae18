//! Observers made of others, which hear everything.

use super::observer::{
    AnswerEnd, Departed, HealthNote, Observer, QueueName, QueueSample, RequestOutcome, SecondBytes,
};
use crate::event::{Event, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::{Input, Instance};
use crate::mechanism::transport::TransportBytes;
use crate::mechanism::views::ViewsLog;

/// Passes each observation to two observers.
pub struct Both<A, B>(pub A, pub B);

impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn event(&mut self, now: Time, event: &Event) {
        self.0.event(now, event);
        self.1.event(now, event);
    }

    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        self.0.handled(now, clock, instance, input);
        self.1.handled(now, clock, instance, input);
    }

    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        self.0.sent(now, message, arrives);
        self.1.sent(now, message, arrives);
    }

    fn left(&mut self, now: Time, message: &Message, transport: &TransportBytes) {
        self.0.left(now, message, transport);
        self.1.left(now, message, transport);
    }

    fn failed(&mut self, now: Time, message: &Message, departed: Departed, transport: &TransportBytes) {
        self.0.failed(now, message, departed, transport);
        self.1.failed(now, message, departed, transport);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.0.delivered(now, message);
        self.1.delivered(now, message);
    }

    fn refused(&mut self, now: Time, message: &Message) {
        self.0.refused(now, message);
        self.1.refused(now, message);
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        self.0.answered(at, message, bytes, end);
        self.1.answered(at, message, bytes, end);
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.0.processed(now, message);
        self.1.processed(now, message);
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.0.ended(now, message, outcome);
        self.1.ended(now, message, outcome);
    }

    fn job_started(&mut self, now: Time, instance: InstanceId, queue: QueueName, waited: Span) {
        self.0.job_started(now, instance, queue, waited);
        self.1.job_started(now, instance, queue, waited);
    }

    fn job_unstarted(&mut self, waited: Span) {
        self.0.job_unstarted(waited);
        self.1.job_unstarted(waited);
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.0.health(now, note);
        self.1.health(now, note);
    }

    fn is_replayed(&mut self, instance: InstanceId) {
        self.0.is_replayed(instance);
        self.1.is_replayed(instance);
    }

    fn origin_second(&mut self, instance: InstanceId, second: u64, bytes: SecondBytes) {
        self.0.origin_second(instance, second, bytes);
        self.1.origin_second(instance, second, bytes);
    }

    fn views(&mut self, instance: InstanceId, log: &ViewsLog) {
        self.0.views(instance, log);
        self.1.views(instance, log);
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.0.sample(now, number, instances, queues);
        self.1.sample(now, number, instances, queues);
    }
}

/// Passes each observation to a borrowed observer.
impl<O: Observer + ?Sized> Observer for &mut O {
    fn event(&mut self, now: Time, event: &Event) {
        (**self).event(now, event);
    }

    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        (**self).handled(now, clock, instance, input);
    }

    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        (**self).sent(now, message, arrives);
    }

    fn left(&mut self, now: Time, message: &Message, transport: &TransportBytes) {
        (**self).left(now, message, transport);
    }

    fn failed(&mut self, now: Time, message: &Message, departed: Departed, transport: &TransportBytes) {
        (**self).failed(now, message, departed, transport);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        (**self).delivered(now, message);
    }

    fn refused(&mut self, now: Time, message: &Message) {
        (**self).refused(now, message);
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        (**self).answered(at, message, bytes, end);
    }

    fn processed(&mut self, now: Time, message: &Message) {
        (**self).processed(now, message);
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        (**self).ended(now, message, outcome);
    }

    fn job_started(&mut self, now: Time, instance: InstanceId, queue: QueueName, waited: Span) {
        (**self).job_started(now, instance, queue, waited);
    }

    fn job_unstarted(&mut self, waited: Span) {
        (**self).job_unstarted(waited);
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        (**self).health(now, note);
    }

    fn is_replayed(&mut self, instance: InstanceId) {
        (**self).is_replayed(instance);
    }

    fn origin_second(&mut self, instance: InstanceId, second: u64, bytes: SecondBytes) {
        (**self).origin_second(instance, second, bytes);
    }

    fn views(&mut self, instance: InstanceId, log: &ViewsLog) {
        (**self).views(instance, log);
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        (**self).sample(now, number, instances, queues);
    }
}

/// Passes each observation to an observer, if there is one.
impl<O: Observer> Observer for Option<O> {
    fn event(&mut self, now: Time, event: &Event) {
        self.iter_mut().for_each(|observer| observer.event(now, event));
    }

    fn handled(&mut self, now: Time, clock: Time, instance: InstanceId, input: &Input<'_>) {
        self.iter_mut().for_each(|observer| observer.handled(now, clock, instance, input));
    }

    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        self.iter_mut().for_each(|observer| observer.sent(now, message, arrives));
    }

    fn left(&mut self, now: Time, message: &Message, transport: &TransportBytes) {
        self.iter_mut().for_each(|observer| observer.left(now, message, transport));
    }

    fn failed(&mut self, now: Time, message: &Message, departed: Departed, transport: &TransportBytes) {
        self.iter_mut().for_each(|observer| observer.failed(now, message, departed, transport));
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.iter_mut().for_each(|observer| observer.delivered(now, message));
    }

    fn refused(&mut self, now: Time, message: &Message) {
        self.iter_mut().for_each(|observer| observer.refused(now, message));
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        self.iter_mut().for_each(|observer| observer.answered(at, message, bytes, end));
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.iter_mut().for_each(|observer| observer.processed(now, message));
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.iter_mut().for_each(|observer| observer.ended(now, message, outcome));
    }

    fn job_started(&mut self, now: Time, instance: InstanceId, queue: QueueName, waited: Span) {
        self.iter_mut().for_each(|observer| observer.job_started(now, instance, queue, waited));
    }

    fn job_unstarted(&mut self, waited: Span) {
        self.iter_mut().for_each(|observer| observer.job_unstarted(waited));
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.iter_mut().for_each(|observer| observer.health(now, note));
    }

    fn is_replayed(&mut self, instance: InstanceId) {
        self.iter_mut().for_each(|observer| observer.is_replayed(instance));
    }

    fn origin_second(&mut self, instance: InstanceId, second: u64, bytes: SecondBytes) {
        self.iter_mut().for_each(|observer| observer.origin_second(instance, second, bytes));
    }

    fn views(&mut self, instance: InstanceId, log: &ViewsLog) {
        self.iter_mut().for_each(|observer| observer.views(instance, log));
    }

    fn sample(&mut self, now: Time, number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.iter_mut().for_each(|observer| observer.sample(now, number, instances, queues));
    }
}

/// Ignores all observations.
impl Observer for () {}
