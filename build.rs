//! A new migration is compiled into the program: without this cargo does not notice the file.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
