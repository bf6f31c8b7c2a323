//! Every message between processes, versioned.
