//! Elasticsearch as catalogue and index: against a real server, and against one that misbehaves.
//!
//! Tests named `case_N_…` are the acceptance cases of the system that this one replaces.

#[path = "elasticsearch/documents.rs"]
mod documents;
#[path = "elasticsearch/fake_server.rs"]
mod fake_server;
#[path = "elasticsearch/faults_of_the_catalogue.rs"]
mod faults_of_the_catalogue;
#[path = "elasticsearch/faults_of_the_index.rs"]
mod faults_of_the_index;
#[path = "elasticsearch/indexing.rs"]
mod indexing;
#[path = "elasticsearch/opening.rs"]
mod opening;
#[path = "elasticsearch/overload.rs"]
mod overload;
#[path = "elasticsearch/place.rs"]
mod place;
#[path = "elasticsearch/private_authority.rs"]
mod private_authority;
#[path = "elasticsearch/refusals.rs"]
mod refusals;
#[path = "elasticsearch/retrieving.rs"]
mod retrieving;
