//! The fetcher of pictures against hosts that do harm, each over real connections: none reaches an
//! address that is not to be asked, holds credits or memory, or keeps the pictures of others from coming.
//!
//! 127.0.0.1 stands for the public internet and is allowed; 127.0.0.2 stands for what must not be asked.

#[path = "http_fetcher/acceptance.rs"]
mod acceptance;
#[path = "http_fetcher/addresses.rs"]
mod addresses;
#[path = "http_fetcher/answers.rs"]
mod answers;
#[path = "http_fetcher/bodies.rs"]
mod bodies;
#[path = "http_fetcher/credits.rs"]
mod credits;
#[path = "http_fetcher/fixture.rs"]
mod fixture;
#[path = "http_fetcher/hosts.rs"]
mod hosts;
#[path = "http_fetcher/nginx.rs"]
mod nginx;
#[path = "http_fetcher/server.rs"]
mod server;
#[path = "http_fetcher/tls.rs"]
mod tls;
