//! Output checks: what may leave, decided with integer arithmetic.
