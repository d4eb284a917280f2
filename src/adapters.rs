//! The engines behind the ports of `actors`: what talks to disks, models and, later, servers.

pub mod embedded;
pub mod illustrating_decoder;
pub mod model_inferrers;
pub mod picture_decoder;
