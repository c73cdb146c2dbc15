//! Calls, what is remembered, and the chain as its users see it.

pub(crate) mod answers;
pub(crate) mod calls;
pub(crate) mod chain;
pub(crate) mod chain_event;
#[allow(clippy::module_inception)]
pub(crate) mod client;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod follower;
pub(crate) mod home;
pub(crate) mod identity_check;
pub(crate) mod keys;
pub(crate) mod knowledge;
pub(crate) mod known_hosts;
pub(crate) mod lazy_saver;
pub(crate) mod lock;
pub(crate) mod new_event;
pub(crate) mod notices;
pub(crate) mod opened;
pub(crate) mod opener;
pub(crate) mod pipeline;
pub(crate) mod raw_call;
pub(crate) mod read_keys;
pub(crate) mod reading;
pub(crate) mod remembered;
pub(crate) mod schema;
pub(crate) mod sealing_writer;
pub(crate) mod sharing;
pub(crate) mod statuses;
pub(crate) mod stream;
pub(crate) mod subscription;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod writer;
pub(crate) mod writer_place;
pub(crate) mod writer_slot;
