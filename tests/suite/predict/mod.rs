//! What this function makes of the calls of a model deployment, through the real binary.

mod base_urls;
mod bodies;
mod costs;
mod detached;
mod envelope;
mod health;
mod llm;
mod logs;
mod metrics;
mod paths;
mod preconnect;
mod retries;
mod streams;
mod tracing;
mod weight;
