//! Ids: small numbers that name the things of one simulation, in the order of the scenario.
//!
//! They are positions in the tables of `domain::federation` and `domain::workload`; names for people are kept there.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in a table.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id at a position of a table.
            ///
            /// # Panics
            /// When the table has more than `u32::MAX` rows, which validation excludes.
            pub fn at(index: usize) -> Self {
                $name(u32::try_from(index).expect("tables are limited to u32 rows"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id! {
    /// One server of the federation (PeerTube or other software).
    InstanceId
}
id! {
    /// One video; its origin is the instance that owns it.
    VideoId
}
id! {
    /// What records tell of: a video, or all videos of a catalogue that they do not name one by one.
    ListingId
}
id! {
    /// One person at one instance, however often they come back.
    ViewerId
}
id! {
    /// One visit of a viewer to a video: a start, an end and the heartbeats between.
    SessionId
}
