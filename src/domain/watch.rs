//! How long a viewer watches.

use crate::words::units::Span;

/// The law of the watch time.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch {
    /// Everybody watches exactly this long.
    Fixed(Span),
    /// Exponential with this mean.
    Exponential {
        /// The mean.
        mean: Span,
    },
    /// The measured retention curve, stretched to the length of the video.
    Retention {
        /// The length of the video.
        video: Span,
    },
}
