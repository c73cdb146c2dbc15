//! Files of a server's log, for those who read them without a server.

pub(crate) mod frame;
pub(crate) mod segment;
