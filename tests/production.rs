//! The production service as its operators meet it: outages, stops, checks, health, models from
//! S3, and hosts that mean harm.

#[path = "program/fixture.rs"]
mod fixture;
#[allow(dead_code, reason = "the tests of the fetcher use more of it")]
#[path = "http_fetcher/server.rs"]
mod server;
#[path = "production/stage.rs"]
mod stage;

#[path = "production/asking.rs"]
mod asking;
#[path = "production/checking.rs"]
mod checking;
#[path = "production/ends.rs"]
mod ends;
#[path = "production/hostile.rs"]
mod hostile;
#[path = "production/models_from_s3.rs"]
mod models_from_s3;
#[path = "production/outages.rs"]
mod outages;
#[path = "production/rebinding.rs"]
mod rebinding;
#[path = "production/scrubbing.rs"]
mod scrubbing;
#[path = "production/stops.rs"]
mod stops;
#[path = "production/telling.rs"]
mod telling;
#[path = "production/traces.rs"]
mod traces;
