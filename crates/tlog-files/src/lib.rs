//! Keeps a tlog in a folder, with the order of durable writes in one place.
