//! What the compiler refuses, and in which words: `run.sh` compiles it with `--cfg refused`.

#[cfg(refused)]
mod wrong;

fn main() {}
