//! The production service as its operators meet it: outages, stops, checks, health, models from S3.

#[path = "program/fixture.rs"]
mod fixture;
#[path = "service/stage.rs"]
mod stage;

#[path = "service/models_from_s3.rs"]
mod models_from_s3;
#[path = "service/outages.rs"]
mod outages;
#[path = "service/stops.rs"]
mod stops;
#[path = "service/telling.rs"]
mod telling;
