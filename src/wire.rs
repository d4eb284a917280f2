//! The formats that cross the program's edge, free of any engine: what is written here is a contract
//! with the readers of documents and parked records.

pub mod augmented_document;
pub mod json_object;
pub mod local_document;
pub mod message_body;
pub mod model_stamp;
pub mod packed_floats;
pub mod parked_record;
pub mod short_floats;
pub mod timestamp;
pub mod trace_context;
