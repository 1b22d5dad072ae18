//! Layer 1b, files: how every file of others is opened, and every file of ours is written.
//!
//! What is read is a regular file of bounded size, so that no pipe, device or sparse file makes the program wait or takes its
//! memory. What is written appears whole under its name, and no symbolic link that lies there is followed. A folder that is
//! written into is locked.

mod lock;
mod read;
mod write;

pub use lock::{Lock, LockError, lock};
pub use read::{Lines, below, open, read, read_stream};
pub use write::{AtomicFile, append, create_anew, write};
