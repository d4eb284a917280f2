//! The ports of the pipeline with a trap around each call.

use std::sync::Arc;
use std::time::Duration;

use actors::flow::credits::Budget;
use actors::inference::{Answer, InferrerSpec};
use actors::input::{Input, Raw};
use actors::ports::{
    Augmented, Catalogue, CatalogueDown, DecodeError, Decoded, Decoder, FetchError, Fetcher, Index,
    IndexError, InferError, Inferrer, InferrerFactory, NotRetrieved, Parked, Prepared, Queue,
    QueueError, Receipt, Received, Release, Verdict,
};
use actors::record::{Record, RecordId};
use actors::supervision::generation::Blueprint;
use async_trait::async_trait;

use super::kill_points::{Moment, Trap};

/// Puts `trap` around the ports of `blueprint`.
pub fn set(trap: &Arc<Trap>, blueprint: &mut Blueprint) {
    fn wrap<T: ?Sized>(port: &Arc<T>, trap: &Arc<Trap>) -> Arc<Trapped<T>> {
        Arc::new(Trapped { port: Arc::clone(port), trap: Arc::clone(trap) })
    }
    blueprint.queue = wrap(&blueprint.queue, trap);
    blueprint.catalogue = wrap(&blueprint.catalogue, trap);
    blueprint.downloads.fetcher = wrap(&blueprint.downloads.fetcher, trap);
    blueprint.downloads.decoder = wrap(&blueprint.downloads.decoder, trap);
    blueprint.sink.index = wrap(&blueprint.sink.index, trap);
    for inferrer in &mut blueprint.inferrers {
        inferrer.factory = wrap(&inferrer.factory, trap);
    }
}

/// A port with the trap around it.
struct Trapped<T: ?Sized> {
    port: Arc<T>,
    trap: Arc<Trap>,
}

#[async_trait]
impl Queue for Trapped<dyn Queue> {
    async fn receive(&self, at_most: usize) -> Result<Received, QueueError> {
        self.trap.at("receive", Moment::Before);
        let received = self.port.receive(at_most).await;
        self.trap.at("receive", Moment::After);
        received
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Vec<Result<(), QueueError>> {
        self.trap.at("acknowledge", Moment::Before);
        let answers = self.port.acknowledge(receipts).await;
        self.trap.at("acknowledge", Moment::After);
        answers
    }

    async fn release(&self, releases: &[Release]) -> Vec<Result<(), QueueError>> {
        self.port.release(releases).await
    }

    async fn extend(&self, receipts: &[Receipt], by: Duration) -> Vec<Result<(), QueueError>> {
        self.port.extend(receipts, by).await
    }

    async fn park(&self, parked: &[Parked]) -> Vec<Result<(), QueueError>> {
        self.trap.at("park", Moment::Before);
        let _alone = self.trap.appends().await;
        let length = self.trap.journal_length();
        let answers = self.port.park(parked).await;
        self.trap.tear("park", length);
        self.trap.at("park", Moment::After);
        answers
    }

    fn batch_limit(&self) -> usize {
        self.port.batch_limit()
    }

    fn receive_limit(&self) -> u32 {
        self.port.receive_limit()
    }

    fn lease(&self) -> Duration {
        self.port.lease()
    }
}

#[async_trait]
impl Catalogue for Trapped<dyn Catalogue> {
    async fn retrieve(
        &self,
        ids: &[RecordId],
    ) -> Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown> {
        self.trap.at("retrieve", Moment::Before);
        let records = self.port.retrieve(ids).await;
        self.trap.at("retrieve", Moment::After);
        records
    }
}

#[async_trait]
impl Fetcher for Trapped<dyn Fetcher> {
    async fn fetch(&self, record: &Record, bytes: &Budget) -> Result<Raw, FetchError> {
        self.trap.at("fetch", Moment::Before);
        let raw = self.port.fetch(record, bytes).await;
        self.trap.at("fetch", Moment::After);
        raw
    }
}

impl Decoder for Trapped<dyn Decoder> {
    fn pixels(&self, raw: &Raw) -> Result<u64, DecodeError> {
        self.port.pixels(raw)
    }

    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError> {
        self.trap.at("decode", Moment::Before);
        let decoded = self.port.decode(raw);
        self.trap.at("decode", Moment::After);
        decoded
    }
}

impl InferrerFactory for Trapped<dyn InferrerFactory> {
    fn spec(&self) -> &Arc<InferrerSpec> {
        self.port.spec()
    }

    fn build(&self) -> Result<Box<dyn Inferrer>, InferError> {
        let stage = format!("infer {}", self.port.spec().name);
        let inferrer = self.port.build()?;
        Ok(Box::new(TrappedInferrer { inferrer, stage, trap: Arc::clone(&self.trap) }))
    }
}

struct TrappedInferrer {
    inferrer: Box<dyn Inferrer>,
    stage: String,
    trap: Arc<Trap>,
}

impl Inferrer for TrappedInferrer {
    fn infer(&mut self, inputs: &[Input]) -> Result<Vec<Result<Answer, String>>, InferError> {
        self.trap.at(&self.stage, Moment::Before);
        let answers = self.inferrer.infer(inputs);
        self.trap.at(&self.stage, Moment::After);
        answers
    }
}

#[async_trait]
impl Index for Trapped<dyn Index> {
    fn prepare(&self, augmented: &Augmented) -> Result<Prepared, String> {
        self.port.prepare(augmented)
    }

    async fn index(&self, documents: &[Prepared]) -> Result<Vec<Verdict>, IndexError> {
        self.trap.at("index", Moment::Before);
        let _alone = self.trap.appends().await;
        let length = self.trap.journal_length();
        let verdicts = self.port.index(documents).await;
        self.trap.tear("index", length);
        self.trap.at("index", Moment::After);
        self.trap.count(documents.len());
        verdicts
    }
}
