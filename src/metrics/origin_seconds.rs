//! What the instances that own videos send, second by second, for their busiest seconds. Seconds are those of the run, counted from 0.
//!
//! Seconds that are over are taken away, so memory grows with owners and open seconds only.

use crate::domain::federation::Federation;
use crate::foundation::ids::InstanceId;
use crate::observe::SecondBytes;
use std::collections::VecDeque;

/// The bytes of all seconds that are open.
#[derive(Debug)]
pub struct OriginSeconds {
    /// By `InstanceId`: its place among those that own a video.
    places: Vec<Option<u32>>,
    /// By place.
    owners: Vec<InstanceId>,
    /// The first open second.
    first: u64,
    /// By second from `first` on, and place; empty if nobody sent anything.
    rows: VecDeque<Vec<SecondBytes>>,
}

impl OriginSeconds {
    /// Of the instances of a federation that own a video.
    pub fn new(federation: &Federation) -> OriginSeconds {
        let mut places = vec![None; federation.instances.len()];
        let mut owners = Vec::new();
        for video in &*federation.videos {
            let place = &mut places[video.origin.index()];
            if place.is_none() {
                *place = Some(owners.len() as u32);
                owners.push(video.origin);
            }
        }
        OriginSeconds { places, owners, first: 0, rows: VecDeque::new() }
    }

    /// Whether an instance owns a video.
    pub fn owns(&self, instance: InstanceId) -> bool {
        self.places[instance.index()].is_some()
    }

    /// What an instance sent in a second, to be added to; none if it owns no video.
    ///
    /// # Panics
    /// If the second has been taken.
    pub fn of(&mut self, instance: InstanceId, second: u64) -> Option<&mut SecondBytes> {
        let place = self.places[instance.index()]?;
        let row = second.checked_sub(self.first).expect("a second that is open") as usize;
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        let row = &mut self.rows[row];
        if row.is_empty() {
            row.resize(self.owners.len(), [0; 2]);
        }
        Some(&mut row[place as usize])
    }

    /// Takes the seconds before `until`: each, who sent in it, and how much.
    pub fn take_before(&mut self, until: u64) -> Vec<(u64, InstanceId, SecondBytes)> {
        let mut taken = Vec::new();
        while self.first < until {
            let Some(row) = self.rows.pop_front() else {
                self.first = until;
                break;
            };
            let sent = self.owners.iter().zip(row).filter(|(_, bytes)| *bytes != [0; 2]);
            taken.extend(sent.map(|(owner, bytes)| (self.first, *owner, bytes)));
            self.first += 1;
        }
        taken
    }
}
