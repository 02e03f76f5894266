//! The binary: `directscale-emulator serve` and the other commands.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    directscale_emulator::cli::run()
}
