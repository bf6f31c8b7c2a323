//! The pages over an API that answers what a test tells it to: wrong answers above all. The pages over
//! the real API are tested in control.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod answers;
mod api;
