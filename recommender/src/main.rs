use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two providers may be compiled in; without a choice the first TLS connection would panic. It
    // fails only where one is chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    recobeat_recommender::cli::run()
}
