//! REST API, people, persistence and orchestration.
