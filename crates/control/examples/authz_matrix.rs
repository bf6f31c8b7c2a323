//! Prints the authorisation matrix:
//! `cargo run -p control --example authz_matrix > crates/control/tests/authz-matrix.txt`.

fn main() {
    print!("{}", control::authz::matrix_text());
}
