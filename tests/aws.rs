//! The engines over Amazon's services: against an emulator of SQS, SNS and S3, and, for exact faults,
//! against an endpoint that says what a test tells it to.

#[path = "aws/endpoint.rs"]
mod endpoint;
#[path = "aws/messages.rs"]
mod messages;
#[path = "aws/queue.rs"]
mod queue;
#[path = "aws/queue_faults.rs"]
mod queue_faults;
#[path = "aws/redrive.rs"]
mod redrive;
#[path = "aws/region.rs"]
mod region;
#[path = "aws/topic.rs"]
mod topic;
