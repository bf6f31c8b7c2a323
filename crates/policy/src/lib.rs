//! Cedar schema and policies for every decision, and decisions that name the rules used.
