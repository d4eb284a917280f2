//! The production service as its operators meet it: outages, stops, checks, health, models from S3.

#[path = "program/fixture.rs"]
mod fixture;
#[path = "production/stage.rs"]
mod stage;

#[path = "production/ends.rs"]
mod ends;
#[path = "production/models_from_s3.rs"]
mod models_from_s3;
#[path = "production/outages.rs"]
mod outages;
#[path = "production/stops.rs"]
mod stops;
#[path = "production/telling.rs"]
mod telling;
#[path = "production/traces.rs"]
mod traces;
